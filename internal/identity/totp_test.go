package identity

import (
	"encoding/base32"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// The vectors of RFC 6238, appendix B, of which apps show the last six digits.
func TestMatchTOTP(t *testing.T) {
	secret := []byte("12345678901234567890")
	for _, test := range []struct {
		at   int64
		code string
		step int64
		ok   bool
	}{
		{59, "287082", 1, true},
		{1111111109, "081804", 37037036, true},
		{1234567890, "005924", 41152263, true},
		{20000000000, "353130", 666666666, true},
		{59, " 287 082 ", 1, true},
		{59 + 30, "287082", 1, true}, // a clock that is slow
		{59 - 30, "287082", 1, true}, // or fast
		{59 + 60, "287082", 0, false},
		{1111111109 - 60, "081804", 0, false},
		{59, "287083", 0, false},
		{59, "94287082", 0, false},
		{59, "", 0, false},
		{59, "２８７０８２", 0, false},
	} {
		step, ok, err := MatchTOTP(secret, test.code, time.Unix(test.at, 0))
		if err != nil || ok != test.ok || step != test.step {
			t.Errorf("%q at %d: step %d, %v, %v; want %d, %v", test.code, test.at, step, ok, err, test.step, test.ok)
		}
	}
}

func TestTOTPAddress(t *testing.T) {
	secret := NewTOTPSecret()
	if len(secret) != 20 || string(secret) == string(NewTOTPSecret()) {
		t.Error("the secret is not 160 fresh bits")
	}
	address, err := url.Parse(TOTPAddress(secret, "Acme: Tele & Com", "dana+1@mail.example"))
	if err != nil {
		t.Fatal(err)
	}
	if address.Scheme != "otpauth" || address.Host != "totp" || address.Path != "/Acme  Tele & Com:dana+1@mail.example" {
		t.Errorf("got %s", address)
	}
	raw, err := base32.StdEncoding.DecodeString(address.Query().Get("secret"))
	if err != nil || string(raw) != string(secret) || address.Query().Get("issuer") != "Acme: Tele & Com" || strings.Contains(address.RawQuery, "+") {
		t.Errorf("got %s, %v", address.RawQuery, err)
	}
}

func TestRecoveryCodes(t *testing.T) {
	codes, hashes := NewRecoveryCodes("dana")
	if len(codes) != 10 || len(hashes) != 10 {
		t.Fatalf("%d codes, %d hashes", len(codes), len(hashes))
	}
	seen := map[string]bool{}
	for i, code := range codes {
		if groups := strings.Split(code, "-"); len(groups) != 6 || len(code) != 6*4+5 || seen[code] {
			t.Errorf("code %q", code)
		}
		seen[code] = true
		for _, typed := range []string{code, strings.ToUpper(code), " " + strings.ReplaceAll(code, "-", " ") + "\n", strings.ReplaceAll(code, "-", ""),
			strings.NewReplacer("0", "O", "1", "l").Replace(code), strings.ReplaceAll(code, "1", "I")} {
			hash, ok := HashRecoveryCode("dana", typed)
			if !ok || !cmp.Equal(hash, hashes[i]) {
				t.Errorf("%q is not %q", typed, code)
			}
		}
		if hash, _ := HashRecoveryCode("kim", code); cmp.Equal(hash, hashes[i]) {
			t.Error("the codes of two users have one digest")
		}
	}
	for _, typed := range []string{"", "123456", codes[0][1:], codes[0] + "0", strings.Repeat("u", 24), "\x00" + codes[0]} {
		if _, ok := HashRecoveryCode("dana", typed); ok {
			t.Errorf("%q is no code", typed)
		}
	}
}

func TestLooksLikeTOTP(t *testing.T) {
	for text, want := range map[string]bool{"123456": true, " 123 456": true, "12345": false, "1234567": false, "12345a": false, "": false, "abcd-efgh": false} {
		if got := LooksLikeTOTP(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestFactorLimits(t *testing.T) {
	stranger, known := NewFactorLimit("u1", nil), NewFactorLimit("u1", []byte("device"))
	if stranger.Key == known.Key || stranger.Key == NewFactorLimit("u2", nil).Key || known.Key == NewDeviceThrottle([]byte("device")).Own.Key {
		t.Errorf("keys %q and %q are not of their own", stranger.Key, known.Key)
	}
	for _, limit := range []Limit{stranger, known} {
		if diff := cmp.Diff(store.DefaultThrottlePolicy(), limit.Policy); diff != "" {
			t.Errorf("%s is not slowed down as a password is:\n%s", limit.Key, diff)
		}
	}
}

func TestEnough(t *testing.T) {
	for _, test := range []struct {
		rule   config.SecondFactor
		factor bool
		want   bool
	}{
		{config.SecondFactorOff, false, true}, {config.SecondFactorOff, true, true},
		{config.SecondFactorOptional, false, true}, {config.SecondFactorOptional, true, true},
		{config.SecondFactorRequired, false, false}, {config.SecondFactorRequired, true, true},
	} {
		if got := Enough(test.rule, store.SessionView{SecondFactor: test.factor}); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
