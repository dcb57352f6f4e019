package identity

import (
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// What authenticator apps expect of a code (RFC 6238), and how many steps a clock may be
// off, each way.
const (
	totpSecretBytes = 20
	totpStep        = 30 * time.Second
	totpSkew        = 1
)

// NewTOTPSecret returns a fresh secret for an authenticator app.
func NewTOTPSecret() []byte { return randomBytes(totpSecretBytes) }

// TOTPText is the secret as people type it into an app: base32.
func TOTPText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// TOTPAddress is what the QR code of a secret says to an app: whose sign-in it is for.
func TOTPAddress(secret []byte, issuer, username string) string {
	query := url.Values{"secret": {TOTPText(secret)}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	label := url.PathEscape(strings.ReplaceAll(issuer, ":", " ") + ":" + username)
	// Apps read a plus sign as itself.
	return "otpauth://totp/" + label + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

// MatchTOTP returns the time step of a code. The caller has to see to it that the codes of
// a step, and of those before it, are used once.
func MatchTOTP(secret []byte, code string, now time.Time) (step int64, ok bool, err error) {
	text, typed := TOTPText(secret), cleanDigits(code)
	current := now.Unix() / int64(totpStep/time.Second)
	for at := current - totpSkew; at <= current+totpSkew; at++ {
		want, err := hotp.GenerateCodeCustom(text, uint64(at), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}) //nolint:gosec // it is after 1970
		if err != nil {
			return 0, false, fmt.Errorf("make code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(typed)) == 1 {
			step, ok = at, true
		}
	}
	return step, ok, nil
}

// LooksLikeTOTP says whether a person typed a code of an app, and not a recovery code.
func LooksLikeTOTP(code string) bool {
	digits := cleanDigits(code)
	return len(digits) == 6 && strings.Trim(digits, "0123456789") == ""
}

// cleanDigits leaves out the blanks that apps show between the digits.
func cleanDigits(code string) string { return strings.Join(strings.Fields(code), "") }

// NewFactorLimit is the counter of wrong codes of a user, as strict as that of passwords:
// who gets there has the password. Others cannot delay a device that the user signed in
// with before, which has a counter of its own; nil: it is not such a device.
func NewFactorLimit(userID string, device []byte) Limit {
	if device != nil {
		limit := NewDeviceThrottle(device).Own
		limit.Key = "factor-" + limit.Key
		return limit
	}
	return Limit{"factor:" + userID, store.DefaultThrottlePolicy()}
}

// Enough says whether a session is good enough for what the tenant asks of people today.
// One that began without a second factor ends when everybody needs one.
func Enough(rule config.SecondFactor, s store.SessionView) bool {
	return s.SecondFactor || rule != config.SecondFactorRequired
}
