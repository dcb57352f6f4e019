// Package signature signs and verifies HTTP requests as Standard Webhooks describes it:
// https://www.standardwebhooks.com, version 1. It goes with what Foyer sends (webhooks) and
// with what it takes (events that come with a signature instead of a token).
//
// A secret is "whsec_" and 24 to 64 random bytes in base64. To change one without losing a
// request, whoever verifies is given both for a while: [Keys] are any number of secrets, of
// which the first signs and each verifies.
package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed request.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

// Tolerance is how far the clocks of the two sides may be apart. A request that is older is
// refused: somebody may have recorded it.
const Tolerance = 5 * time.Minute

const (
	prefix         = "whsec_"
	version        = "v1,"
	minKey, maxKey = 24, 64
	maxSignatures  = 16 // in one header
)

// Why a request is not believed.
var (
	ErrUnsigned = errors.New("the request has no signature: send " + HeaderID + ", " + HeaderTimestamp + " and " + HeaderSignature)
	ErrTime     = fmt.Errorf("%s is not within %v of now: set the clock, and sign each attempt anew", HeaderTimestamp, Tolerance)
	ErrWrong    = errors.New("no signature fits: sign the bytes of the body as they are sent, with the secret of this address")
)

// Keys are the secrets of one address; there is at least one.
type Keys [][]byte

// Parse reads secrets, one a line. Errors do not show them.
func Parse(text string) (Keys, error) {
	var keys Keys
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		encoded, ok := strings.CutPrefix(line, prefix)
		if !ok {
			return nil, fmt.Errorf("line %d does not begin with %s", n+1, prefix)
		}
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, fmt.Errorf("line %d is not base64 after %s", n+1, prefix)
		}
		if len(key) < minKey || len(key) > maxKey {
			return nil, fmt.Errorf("line %d has %d bytes: a secret has %d to %d", n+1, len(key), minKey, maxKey)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("there is no secret: one is %s and %d to %d bytes in base64", prefix, minKey, maxKey)
	}
	return keys, nil
}

// Stamp puts id and time into the headers of a request, without which it has no signature.
func Stamp(h http.Header, id string, at time.Time) {
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
}

// Sign stamps the headers of a request and signs it with the first key.
func (k Keys) Sign(h http.Header, id string, at time.Time, body []byte) {
	Stamp(h, id, at)
	h.Set(HeaderSignature, version+base64.StdEncoding.EncodeToString(sum(k[0], id, h.Get(HeaderTimestamp), body)))
}

// Verify says whether a request comes from somebody who has one of the keys, and now. It
// returns the id, by which one that comes twice is known.
func (k Keys) Verify(h http.Header, body []byte, now time.Time) (id string, err error) {
	id, stamp, signatures := h.Get(HeaderID), h.Get(HeaderTimestamp), h.Get(HeaderSignature)
	if id == "" || stamp == "" || signatures == "" {
		return "", ErrUnsigned
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if bound := int64(Tolerance / time.Second); err != nil || seconds < now.Unix()-bound || seconds > now.Unix()+bound {
		return "", ErrTime
	}
	if !k.match(strings.SplitN(signatures, " ", maxSignatures+1), id, stamp, body) {
		return "", ErrWrong
	}
	return id, nil
}

// match compares each signature with that of each key, in a time that says nothing of them.
func (k Keys) match(signatures []string, id, stamp string, body []byte) bool {
	if len(signatures) > maxSignatures {
		return false
	}
	found := false
	for _, key := range k {
		want := sum(key, id, stamp, body)
		for _, signature := range signatures {
			encoded, ok := strings.CutPrefix(signature, version)
			if !ok {
				continue // of another version
			}
			got, err := base64.StdEncoding.DecodeString(encoded)
			found = err == nil && hmac.Equal(got, want) || found
		}
	}
	return found
}

func sum(key []byte, id, stamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
