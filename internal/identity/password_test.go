package identity

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// cheap parameters, so that tests do not spend their time hashing.
var cheap = Params{MemoryKiB: 64, Passes: 1, Lanes: 1}

func newTestHasher(p Params) *Hasher { return NewHasher(p, NewQueue(2, 2, time.Second)) }

func TestHashAndVerify(t *testing.T) {
	h := newTestHasher(cheap)
	phc, err := h.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, password, hash string
		want                 Verdict
	}{
		{"right", "correct horse", phc, Verdict{Match: true}},
		{"wrong", "correct horsf", phc, Verdict{}},
		{"verbatim: no trimming", "correct horse ", phc, Verdict{}},
		{"no password set", "correct horse", "", Verdict{}},
		{"hash not readable", "correct horse", "$2b$10$abcdefghijklmnopqrstuv", Verdict{}},
		{"too long", strings.Repeat("x", MaxPasswordBytes+1), phc, Verdict{}},
	} {
		got, err := h.Verify(t.Context(), test.password, test.hash)
		if err != nil || got != test.want {
			t.Errorf("%s: Verify = %+v, %v; want %+v", test.name, got, err, test.want)
		}
	}
}

func TestVerifyAsksForRehash(t *testing.T) {
	phc, err := newTestHasher(cheap).Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	stronger := newTestHasher(Params{MemoryKiB: 128, Passes: 2, Lanes: 1})
	got, err := stronger.Verify(t.Context(), "correct horse", phc)
	if want := (Verdict{Match: true, Rehash: true}); err != nil || got != want {
		t.Errorf("Verify = %+v, %v; want %+v", got, err, want)
	}
	got, err = stronger.Verify(t.Context(), "wrong horse", phc)
	if err != nil || got != (Verdict{}) {
		t.Errorf("a wrong password must not ask for a rehash, got %+v, %v", got, err)
	}
}

// The reference vector of the argon2 command line tool.
func TestParseHashKnownVector(t *testing.T) {
	const phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	h, err := ParseHash(phc)
	if err != nil {
		t.Fatal(err)
	}
	if h.String() != phc {
		t.Errorf("String() = %s, want %s", h, phc)
	}
	if !h.matches("password") {
		t.Error("the reference password does not match")
	}
}

func TestParseHashRefuses(t *testing.T) {
	const good = "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, phc := range []string{
		"",
		"plain",
		"$argon2i$v=19$m=65536,t=2,p=1" + good,
		"$argon2id$v=16$m=65536,t=2,p=1" + good,
		"$argon2id$v=19$m=4294967295,t=2,p=1" + good,
		"$argon2id$v=19$m=65537,t=2,p=1" + good,
		"$argon2id$v=19$m=65536,t=9,p=1" + good,
		"$argon2id$v=19$m=65536,t=0,p=1" + good,
		"$argon2id$v=19$m=65536,t=2,p=5" + good,
		"$argon2id$v=19$m=65536,t=2" + good,
		"$argon2id$v=19$t=2,m=65536,p=1" + good,
		"$argon2id$v=19$m=-1,t=2,p=1" + good,
		"$argon2id$v=19$m=65536,t=2,p=1$$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$" + strings.Repeat("A", 200),
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$AAAA$x",
	} {
		if _, err := ParseHash(phc); !errors.Is(err, errHash) {
			t.Errorf("ParseHash(%q) = %v, want it refused", phc, err)
		}
	}
}

func TestCheckImport(t *testing.T) {
	for _, p := range []Params{
		DefaultParams,
		{47104, 1, 1}, {65536, 1, 1}, {38912, 2, 1}, {12288, 3, 1}, {25941, 3, 1}, {9216, 4, 1},
		{19456, 4, 1}, {7168, 5, 1}, {15564, 5, 1}, {7168, 8, 1}, {9728, 8, 1},
	} {
		if err := p.CheckImport(); err != nil {
			t.Errorf("%+v is refused: it %v", p, err)
		}
	}
	for _, test := range []struct {
		params Params
		want   string
	}{
		{Params{8, 1, 1}, "has the parameters m=8,t=1,p=1, allowed with t=1 are m=47104 to 65536 and p=1"},
		{Params{47103, 1, 1}, "has the parameters m=47103,t=1,p=1, allowed with t=1 are m=47104 to 65536 and p=1"},
		{Params{19455, 2, 1}, "has the parameters m=19455,t=2,p=1, allowed with t=2 are m=19456 to 38912 and p=1"},
		{Params{38913, 2, 1}, "has the parameters m=38913,t=2,p=1, allowed with t=2 are m=19456 to 38912 and p=1"},
		{Params{19456, 2, 2}, "has the parameters m=19456,t=2,p=2, allowed with t=2 are m=19456 to 38912 and p=1"},
		{Params{65536, 3, 4}, "has the parameters m=65536,t=3,p=4, allowed with t=3 are m=12288 to 25941 and p=1"},
		{Params{65536, 4, 1}, "has the parameters m=65536,t=4,p=1, allowed with t=4 are m=9216 to 19456 and p=1"},
		{Params{7167, 5, 1}, "has the parameters m=7167,t=5,p=1, allowed with t=5 are m=7168 to 15564 and p=1"},
		{Params{12971, 6, 1}, "has the parameters m=12971,t=6,p=1, allowed with t=6 are m=7168 to 12970 and p=1"},
		{Params{65536, 8, 1}, "has the parameters m=65536,t=8,p=1, allowed with t=8 are m=7168 to 9728 and p=1"},
		{Params{}, "has the parameters m=0,t=0,p=0, allowed with t=0 are m=47104 to 65536 and p=1"},
	} {
		if err := test.params.CheckImport(); err == nil || err.Error() != test.want {
			t.Errorf("%+v: got %v\nwant %s", test.params, err, test.want)
		}
	}
}

// Hashes that take more memory than ours are checked one after the other, however many
// places the queue has.
func TestHeavyHashesQueue(t *testing.T) {
	heavy, err := newTestHasher(Params{MemoryKiB: 128, Passes: 1, Lanes: 1}).Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	h := NewHasher(cheap, NewQueue(4, 0, time.Second))
	leave, err := h.heavy.Enter(t.Context()) // one is under way
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Verify(t.Context(), "correct horse", heavy); !errors.Is(err, ErrBusy) {
		t.Errorf("a second heavy hash got %v, want ErrBusy", err)
	}
	if err := h.VerifyNobody(t.Context(), "correct horse"); err != nil {
		t.Errorf("an ordinary hash got %v", err)
	}
	leave()
	if got, err := h.Verify(t.Context(), "correct horse", heavy); err != nil || !got.Match {
		t.Errorf("after it: %+v, %v", got, err)
	}
}

func TestHashesAtOnce(t *testing.T) {
	for _, test := range []struct {
		processors int
		memory     int64
		want       int
	}{
		{2, 230 << 20, 2},
		{64, 230 << 20, 6},
		{64, math.MaxInt64, 64},
		{4, 16 << 20, 1},
	} {
		if got := HashesAtOnce(test.processors, test.memory, DefaultParams); got != test.want {
			t.Errorf("HashesAtOnce(%d, %d) = %d, want %d", test.processors, test.memory, got, test.want)
		}
	}
}

func TestQueueBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue(1, 1, time.Second)
		leave, err := q.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		waited := make(chan error)
		go func() {
			_, err := q.Enter(t.Context())
			waited <- err
		}()
		synctest.Wait()
		if _, err := q.Enter(t.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("a third caller got %v, want ErrBusy at once", err)
		}
		if err := <-waited; !errors.Is(err, ErrBusy) {
			t.Errorf("the waiting caller got %v, want ErrBusy after its wait", err)
		}
		go func() {
			_, err := q.Enter(t.Context())
			waited <- err
		}()
		synctest.Wait()
		leave()
		if err := <-waited; err != nil {
			t.Errorf("after a slot came free the waiting caller got %v", err)
		}
	})
}

func TestQueueEndsWithItsRequest(t *testing.T) {
	q := NewQueue(1, 1, time.Minute)
	if _, err := q.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.Enter(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Enter = %v, want the request's own end", err)
	}
}

func TestSessionSecret(t *testing.T) {
	secret, hash := NewSessionSecret()
	if len(secret) != 43 || len(hash) != 32 {
		t.Fatalf("secret has %d characters, hash %d bytes; want 43 and 32", len(secret), len(hash))
	}
	got, ok := HashSessionSecret(secret)
	if !ok || string(got) != string(hash) {
		t.Error("the presented secret does not have the stored hash")
	}
	if other, _ := NewSessionSecret(); other == secret {
		t.Error("two secrets are equal")
	}
	for _, bad := range []string{"", "x", secret + "A", secret[:42], strings.Repeat("!", 43)} {
		if _, ok := HashSessionSecret(bad); ok {
			t.Errorf("HashSessionSecret(%q) was accepted", bad)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	h := newTestHasher(DefaultParams)
	phc, err := h.Hash(b.Context(), "correct horse")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := h.Verify(b.Context(), "correct horse", phc); err != nil {
			b.Fatal(err)
		}
	}
}
