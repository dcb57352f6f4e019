package config_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
)

func keyOf(letter string, size int) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, size)))
}

func TestParseKeyFile(t *testing.T) {
	older, newer := keyOf("o", 32), keyOf("n", 32)
	for text, want := range map[string][][]byte{
		older:                              {[]byte(strings.Repeat("o", 32))},
		newer + "\n" + older + "\n":        {[]byte(strings.Repeat("n", 32)), []byte(strings.Repeat("o", 32))},
		"\r\n" + newer + "\r\n\n " + older: {[]byte(strings.Repeat("n", 32)), []byte(strings.Repeat("o", 32))},
	} {
		got, err := config.ParseKeyFile("link", []byte(text))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
	}
	for text, want := range map[string]string{
		"":                          "key file seal: there is no key in it",
		" \n":                       "key file seal: there is no key in it",
		newer + "\n" + older[1:]:    "key file seal: line 2 is not 32 bytes in base64",
		keyOf("s", 31):              "key file seal: line 1 is not 32 bytes in base64",
		keyOf("s", 33):              "key file seal: line 1 is not 32 bytes in base64",
		"not base64 but thirty-two": "key file seal: line 1 is not 32 bytes in base64",
	} {
		if keys, err := config.ParseKeyFile("seal", []byte(text)); err == nil || err.Error() != want || keys != nil {
			t.Errorf("%q: got %v, %v, want %s", text, keys, err, want)
		}
	}
}
