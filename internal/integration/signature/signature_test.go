package signature

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The example of the specification.
const (
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	id     = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	body   = `{"test": 2432232314}`
	signed = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var (
	then  = time.Unix(1614265330, 0)
	newer = "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("n", 32)))
)

func parse(t testing.TB, text string) Keys {
	t.Helper()
	keys, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func sign(t testing.TB, text string) http.Header {
	t.Helper()
	h := http.Header{}
	parse(t, text).Sign(h, id, then, []byte(body))
	return h
}

func TestSign(t *testing.T) {
	h := sign(t, secret+"\n"+newer)
	if h.Get("webhook-id") != id || h.Get("webhook-timestamp") != "1614265330" || h.Get("webhook-signature") != signed {
		t.Errorf("got %v", h)
	}
}

func TestVerify(t *testing.T) {
	good := sign(t, secret)
	for _, test := range []struct {
		name   string
		keys   string
		change func(http.Header)
		body   string
		now    time.Time
		want   error
	}{
		{"good", secret, nil, body, then, nil},
		{"with another secret too", newer + "\n\n  " + secret + "\r\n", nil, body, then, nil},
		{"with another signature too", secret, func(h http.Header) { h.Set(HeaderSignature, "v1a,abc v1,AAAA "+signed) }, body, then, nil},
		{"almost too early", secret, nil, body, then.Add(-Tolerance), nil},
		{"almost too late", secret, nil, body, then.Add(Tolerance), nil},
		{"too early", secret, nil, body, then.Add(-Tolerance - time.Second), ErrTime},
		{"too late", secret, nil, body, then.Add(Tolerance + time.Second), ErrTime},
		{"no time", secret, func(h http.Header) { h.Set(HeaderTimestamp, "now") }, body, then, ErrTime},
		{"a time that overflows", secret, func(h http.Header) { h.Set(HeaderTimestamp, "9223372036854775807") }, body, then, ErrTime},
		{"a time before all", secret, func(h http.Header) { h.Set(HeaderTimestamp, "-9223372036854775808") }, body, then, ErrTime},
		{"another time", secret, func(h http.Header) { h.Set(HeaderTimestamp, "1614265331") }, body, then, ErrWrong},
		{"another id", secret, func(h http.Header) { h.Set(HeaderID, "another") }, body, then, ErrWrong},
		{"another body", secret, nil, body + " ", then, ErrWrong},
		{"another secret", newer, nil, body, then, ErrWrong},
		{"another version", secret, func(h http.Header) { h.Set(HeaderSignature, strings.Replace(signed, "v1,", "v2,", 1)) }, body, then, ErrWrong},
		{"no base64", secret, func(h http.Header) { h.Set(HeaderSignature, "v1,???") }, body, then, ErrWrong},
		{"a part of it", secret, func(h http.Header) { h.Set(HeaderSignature, "v1,g0hM") }, body, then, ErrWrong},
		{"too many", secret, func(h http.Header) { h.Set(HeaderSignature, strings.Repeat("v1,AAAA ", maxSignatures)+signed) }, body, then, ErrWrong},
		{"no id", secret, func(h http.Header) { h.Del(HeaderID) }, body, then, ErrUnsigned},
		{"no signature", secret, func(h http.Header) { h.Del(HeaderSignature) }, body, then, ErrUnsigned},
		{"no timestamp", secret, func(h http.Header) { h.Del(HeaderTimestamp) }, body, then, ErrUnsigned},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := good.Clone()
			if test.change != nil {
				test.change(h)
			}
			got, err := parse(t, test.keys).Verify(h, []byte(test.body), test.now)
			if !errors.Is(err, test.want) || (err == nil) != (got == id) {
				t.Errorf("got id %q, error %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestSecretsThatAreNone(t *testing.T) {
	of := func(bytes int) string {
		return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", bytes)))
	}
	for _, text := range []string{"", "\n \n", "hunter2", "whsec_", "whsec_hunter2!", of(23), of(65), secret + "\nhunter2", strings.TrimPrefix(secret, "whsec_")} {
		keys, err := Parse(text)
		if err == nil {
			t.Errorf("%q gives %d keys", text, len(keys))
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "Mf") {
			t.Errorf("%v tells the secret", err)
		}
	}
	for _, text := range []string{of(24), of(64), "  " + secret + "\r\n\n" + newer} {
		if _, err := Parse(text); err != nil {
			t.Error(err)
		}
	}
}

// FuzzVerify: nothing that somebody without the secret can send is believed.
func FuzzVerify(f *testing.F) {
	f.Add(id, "1614265330", "v1,AAAA", []byte(body))
	f.Add(id, "1614265330", signed, []byte(body+"x"))
	f.Add("", "-1", "v1, v1,, v1,= v1", []byte{})
	f.Fuzz(func(t *testing.T, id, stamp, signatures string, content []byte) {
		keys := parse(t, newer)
		h := http.Header{HeaderID: {id}, HeaderTimestamp: {stamp}, HeaderSignature: {signatures}}
		if _, err := keys.Verify(h, content, then); err == nil {
			t.Fatalf("%q is believed", signatures)
		}
		if id == "" {
			return
		}
		keys.Sign(h, id, then, content)
		if got, err := keys.Verify(h, content, then); err != nil || got != id {
			t.Fatalf("%q, %v", got, err)
		}
	})
}

// FuzzParse: what is read as secrets signs, and nothing of it is in an error.
func FuzzParse(f *testing.F) {
	f.Add(secret)
	f.Add(secret + "\n" + newer)
	f.Add("whsec_\x00")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := Parse(text)
		if err != nil {
			if line := strings.TrimSpace(text); len(line) > 12 && strings.Contains(err.Error(), line) {
				t.Fatalf("%v tells %q", err, text)
			}
			return
		}
		h := http.Header{}
		keys.Sign(h, id, then, []byte(body))
		if _, err := keys.Verify(h, []byte(body), then); err != nil {
			t.Fatal(err)
		}
	})
}
