package template

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

// TestAttributeNames compares what we read of tags that nobody meant to write with what
// the tokenizer reads of them.
func TestAttributeNames(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	parts := []string{"a", "b", "=", `"`, "'", " ", "/", ">", "\n", "B", "<", "\U000F0001", "c=", `="x" `, "&amp;"}
	repeated := 0
	for range 20_000 {
		tag := "<p "
		for range random.IntN(12) {
			tag += parts[random.IntN(len(parts))]
		}
		tokens := html.NewTokenizer(strings.NewReader(tag + ">"))
		if kind := tokens.Next(); kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		var ours, theirs []string
		raw := string(tokens.Raw())
		for _, a := range attributeNames(raw) {
			if slices.Contains(ours, a.name) {
				repeated++
				continue
			}
			ours = append(ours, a.name)
			if !strings.EqualFold(raw[a.at:a.at+len(a.name)], a.name) {
				t.Fatalf("in %q, %q is not at %d", raw, a.name, a.at)
			}
		}
		_, more := tokens.TagName()
		for more {
			var key []byte
			key, _, more = tokens.TagAttr()
			theirs = append(theirs, string(key))
		}
		if diff := cmp.Diff(theirs, ours); diff != "" {
			t.Fatalf("the attributes of %q (-tokenizer +ours):\n%s", raw, diff)
		}
	}
	if repeated < 100 {
		t.Errorf("only %d names were there twice", repeated)
	}
}
