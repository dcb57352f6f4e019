package config_test

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"io"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/config"
)

// maxUnpacked is the largest document that Unpack takes.
const maxUnpacked = 32 << 20

func pack(t testing.TB, document []byte) []byte {
	t.Helper()
	packed, err := config.Pack(document)
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

// zipped is a document of zeros that another program compressed.
func zipped(t testing.TB, size int64) []byte {
	t.Helper()
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	if _, err := io.CopyN(writer, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestPack(t *testing.T) {
	document := read(t, goldenRouting)
	packed := pack(t, document)
	if !bytes.Equal(packed, pack(t, bytes.Clone(document))) {
		t.Error("packed twice it differs")
	}
	if len(packed) > len(document)/3 {
		t.Errorf("%d bytes were packed into %d", len(document), len(packed))
	}
	unpacked, err := config.Unpack(packed)
	if err != nil || !bytes.Equal(document, unpacked) {
		t.Errorf("unpacked it is %q, %v", unpacked, err)
	}
}

func TestPackRefusesWhatUnpackDoes(t *testing.T) {
	if packed, err := config.Pack(make([]byte, maxUnpacked+1)); err == nil {
		t.Errorf("packed into %d bytes", len(packed))
	}
	document, err := config.Unpack(pack(t, make([]byte, maxUnpacked)))
	if err != nil || len(document) != maxUnpacked {
		t.Errorf("the largest document has %d bytes when unpacked, %v", len(document), err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	document := make([]byte, 1000)
	if _, err := rand.Read(document); err != nil {
		t.Fatal(err)
	}
	good := pack(t, document)
	flipped := bytes.Clone(good)
	flipped[500] ^= 1
	tests := map[string]struct {
		packed []byte
		want   string
	}{
		"nothing":           {nil, "EOF"},
		"plain text":        {[]byte(`{"format": 1}`), "invalid header"},
		"cut off":           {good[:len(good)-1], "unexpected EOF"},
		"cut in the middle": {good[:500], "unexpected EOF"},
		"another bit":       {flipped, "unpack document: "},
		"a byte after it":   {append(bytes.Clone(good), 0), "something follows it"},
		"another after it":  {append(bytes.Clone(good), good...), "something follows it"},
		"a bomb":            {zipped(t, maxUnpacked+1), "it is larger than 33554432 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := config.Unpack(test.packed)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%d bytes, error %v, want one with %q", len(got), err, test.want)
			}
		})
	}
}

// FuzzUnpack: whatever is mounted, Unpack answers within its bound, and what it unpacked is
// packed and unpacked again.
func FuzzUnpack(f *testing.F) {
	f.Add(pack(f, read(f, goldenRouting)))
	f.Fuzz(func(t *testing.T, packed []byte) {
		document, err := config.Unpack(packed)
		if err != nil {
			return
		}
		if len(document) > maxUnpacked {
			t.Fatalf("%d bytes", len(document))
		}
		again, err := config.Unpack(pack(t, document))
		if err != nil || !bytes.Equal(document, again) {
			t.Errorf("%d bytes became %d, %v", len(document), len(again), err)
		}
	})
}

// BenchmarkPack is what the operator does when a document of 1,000 templates changes.
func BenchmarkPack(b *testing.B) {
	document := encodeRouting(b, manyTemplates(b, 1000))
	b.SetBytes(int64(len(document)))
	size := 0
	for b.Loop() {
		size = len(pack(b, document))
	}
	b.ReportMetric(float64(size), "packed-B")
}

// BenchmarkUnpack is what the dispatcher does when that document arrives.
func BenchmarkUnpack(b *testing.B) {
	document := encodeRouting(b, manyTemplates(b, 1000))
	packed := pack(b, document)
	b.SetBytes(int64(len(document)))
	for b.Loop() {
		if _, err := config.Unpack(packed); err != nil {
			b.Fatal(err)
		}
	}
}
