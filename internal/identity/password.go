package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// MaxPasswordBytes bounds the work of one check. 128 characters of any script fit.
const MaxPasswordBytes = 512

const (
	saltBytes = 16
	keyBytes  = 32
)

// Params are the cost of one argon2id hash.
type Params struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// DefaultParams is OWASP's choice of equal strength with the least memory that is
// still comfortable: 19 MiB, two passes, one lane.
var DefaultParams = Params{MemoryKiB: 19 * 1024, Passes: 2, Lanes: 1}

// The strongest parameters that a stored hash may ask for. A hash comes from the
// database, and a row must not be able to exhaust the pod's memory.
const (
	maxMemoryKiB = 64 * 1024
	maxPasses    = 8
	maxLanes     = 4
	maxHashBytes = 64
)

// Hash is a decoded PHC string.
type Hash struct {
	Params Params
	Salt   []byte
	Key    []byte
}

var errHash = errors.New("password hash is not readable")

// ParseHash decodes a PHC string of argon2id within the bounds that a check accepts.
func ParseHash(phc string) (Hash, error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v=19" {
		return Hash{}, fmt.Errorf("%w: want $argon2id$v=19$m=..,t=..,p=..$salt$hash", errHash)
	}
	params, err := parseParams(parts[3])
	if err != nil {
		return Hash{}, err
	}
	salt, err := decodePart(parts[4], 8)
	if err != nil {
		return Hash{}, err
	}
	key, err := decodePart(parts[5], 16)
	if err != nil {
		return Hash{}, err
	}
	return Hash{Params: params, Salt: salt, Key: key}, nil
}

func parseParams(text string) (Params, error) {
	fields := strings.Split(text, ",")
	if len(fields) != 3 {
		return Params{}, fmt.Errorf("%w: want the parameters m, t and p", errHash)
	}
	memory, err := parseParam(fields[0], "m=", 8, maxMemoryKiB)
	if err != nil {
		return Params{}, err
	}
	passes, err := parseParam(fields[1], "t=", 1, maxPasses)
	if err != nil {
		return Params{}, err
	}
	lanes, err := parseParam(fields[2], "p=", 1, maxLanes)
	if err != nil {
		return Params{}, err
	}
	return Params{MemoryKiB: memory, Passes: passes, Lanes: uint8(lanes)}, nil //nolint:gosec // lanes is at most maxLanes
}

func parseParam(field, prefix string, low, high uint32) (uint32, error) {
	digits, found := strings.CutPrefix(field, prefix)
	value, err := strconv.ParseUint(digits, 10, 32)
	if !found || err != nil {
		return 0, fmt.Errorf("%w: %q is not %s and a number", errHash, field, prefix)
	}
	if v := uint32(value); v >= low && v <= high {
		return v, nil
	}
	return 0, fmt.Errorf("%w: %s%d is out of range, allowed is %d to %d", errHash, prefix, value, low, high)
}

// leastImportMemory is OWASP's set of parameters of equal strength, with one lane: the
// least memory in KiB for a number of passes. More passes need as much as the last.
var leastImportMemory = [...]uint32{1: 46 * 1024, 2: 19 * 1024, 3: 12 * 1024, 4: 9 * 1024, 5: 7 * 1024}

// CheckImport says why a hash from elsewhere may not be stored. Its check has to cost
// about as much as one of ours, and at most twice that: otherwise the time of an answer
// tells that there is such a user. More lanes are refused since they shorten that time.
// The message holds the parameters only, nothing of the hash.
func (p Params) CheckImport() error {
	passes := max(1, p.Passes)
	least := leastImportMemory[min(int(passes), len(leastImportMemory)-1)]
	most := min(maxMemoryKiB, 2*DefaultParams.MemoryKiB*DefaultParams.Passes/passes)
	if p.Lanes == 1 && p.MemoryKiB >= least && p.MemoryKiB <= most {
		return nil
	}
	return fmt.Errorf("has the parameters m=%d,t=%d,p=%d, allowed with t=%d are m=%d to %d and p=1",
		p.MemoryKiB, p.Passes, p.Lanes, p.Passes, least, most)
}

func decodePart(text string, least int) ([]byte, error) {
	raw, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < least || len(raw) > maxHashBytes {
		return nil, fmt.Errorf("%w: salt or key is not base64 of a usable length", errHash)
	}
	return raw, nil
}

// String encodes the hash in PHC form.
func (h Hash) String() string {
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", h.Params.MemoryKiB, h.Params.Passes, h.Params.Lanes,
		base64.RawStdEncoding.EncodeToString(h.Salt), base64.RawStdEncoding.EncodeToString(h.Key))
}

func (h Hash) matches(password string) bool {
	key := derive(password, h.Salt, h.Params, uint32(len(h.Key))) //nolint:gosec // a key has at most maxHashBytes
	return subtle.ConstantTimeCompare(key, h.Key) == 1
}

func derive(password string, salt []byte, p Params, length uint32) []byte {
	return argon2.IDKey([]byte(password), salt, p.Passes, p.MemoryKiB, p.Lanes, length)
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

// Hasher makes and checks password hashes behind a bounded queue.
type Hasher struct {
	params Params
	queue  *Queue
	heavy  *Queue // of hashes that take more memory than ours: one at a time
	nobody Hash
}

// Waiting is how many callers wait for their turn.
func (h *Hasher) Waiting() int { return h.queue.Waiting() }

// NewHasher returns a Hasher that makes hashes with the given parameters.
func NewHasher(params Params, queue *Queue) *Hasher {
	return &Hasher{
		params: params,
		queue:  queue,
		heavy:  queue.oneAtATime(),
		nobody: Hash{Params: params, Salt: randomBytes(saltBytes), Key: randomBytes(keyBytes)},
	}
}

// Hash returns the PHC string of a password, or ErrBusy.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxPasswordBytes {
		return "", fmt.Errorf("password is longer than %d bytes", MaxPasswordBytes)
	}
	leave, err := h.queue.Enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := randomBytes(saltBytes)
	return Hash{Params: h.params, Salt: salt, Key: derive(password, salt, h.params, keyBytes)}.String(), nil
}

// Verdict is the outcome of a check.
type Verdict struct {
	Match  bool
	Rehash bool // the password is right, and its hash has other parameters than ours
}

// Verify checks a password against a PHC string. A hash that is empty or not
// readable costs the same and never matches.
func (h *Hasher) Verify(ctx context.Context, password, phc string) (Verdict, error) {
	stored, err := ParseHash(phc)
	if err != nil || len(password) > MaxPasswordBytes {
		return Verdict{}, h.VerifyNobody(ctx, password)
	}
	if stored.Params.MemoryKiB > h.params.MemoryKiB {
		leave, err := h.heavy.Enter(ctx)
		if err != nil {
			return Verdict{}, err
		}
		defer leave()
	}
	leave, err := h.queue.Enter(ctx)
	if err != nil {
		return Verdict{}, err
	}
	defer leave()
	match := stored.matches(password)
	return Verdict{Match: match, Rehash: match && stored.Params != h.params}, nil
}

// VerifyNobody does the work of a check for a user who does not exist.
func (h *Hasher) VerifyNobody(ctx context.Context, password string) error {
	leave, err := h.queue.Enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	h.nobody.matches(password[:min(len(password), MaxPasswordBytes)])
	return nil
}
