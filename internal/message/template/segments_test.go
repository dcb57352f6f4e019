package template_test

import (
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/message/template"
)

func TestSegments(t *testing.T) {
	n := strings.Repeat
	tests := []struct {
		name, text string
		want       int
	}{
		{"nothing", "", 1},
		{"160 of the alphabet", n("a", 160), 1},
		{"161 of the alphabet", n("a", 161), 2},
		{"306 of the alphabet", n("a", 306), 2},
		{"307 of the alphabet", n("a", 307), 3},
		{"459 of the alphabet", n("a", 459), 3},
		{"460 of the alphabet", n("a", 460), 4},
		{"national letters of the alphabet", n("äÅøΩ¿@", 26) + "§¤£¥", 1},
		{"line breaks", n("\r\n", 80), 1},

		{"80 of the extension", n("€", 80), 1},
		{"80 of the extension and one more", n("€", 80) + "a", 2},
		{"an extension that fits to the end of the first segment", n("a", 151) + "€" + n("a", 153), 2},
		{"an extension that would be split", n("a", 152) + "€" + n("a", 151), 2},
		{"an extension that would be split, and so takes a segment more", n("a", 152) + "€" + n("a", 152), 3},
		{"76 of the extension in each segment", n("€", 152), 2},
		{"153 of the extension", n("€", 153), 3},
		{"all of the extension", "\f^{}\\[~]|€" + n("a", 140), 1},
		{"all of the extension and one more", "\f^{}\\[~]|€" + n("a", 141), 2},

		{"70 of others", n("ы", 70), 1},
		{"71 of others", n("ы", 71), 2},
		{"134 of others", n("ы", 134), 2},
		{"135 of others", n("ы", 135), 3},
		{"one other makes all of them wide", n("a", 69) + "ы", 1},
		{"one other makes all of them wide, 71", n("a", 70) + "ы", 2},
		{"a backtick is not in the alphabet", n("a", 70) + "`", 2},
		{"a small c with a cedilla is not in the alphabet", n("a", 70) + "ç", 2},
		{"a tab is not in the alphabet", n("a", 70) + "\t", 2},
		{"35 pairs", n("😀", 35), 1},
		{"36 pairs", n("😀", 36), 2},
		{"33 pairs in each segment", n("😀", 66), 2},
		{"67 pairs", n("😀", 67), 3},
		{"a pair that would be split", n("ы", 66) + "😀" + n("ы", 65), 2},
		{"a pair that would be split, and so takes a segment more", n("ы", 66) + "😀" + n("ы", 66), 3},
		{"not UTF-8", "\xff", 1},
	}
	for _, test := range tests {
		if got := template.Segments(test.text); got != test.want {
			t.Errorf("%s: %d segments, want %d", test.name, got, test.want)
		}
	}
}

// TestAlphabet holds the alphabet to its size: 127 characters besides the escape, and 10
// of the extension.
func TestAlphabet(t *testing.T) {
	basic, extension := 0, 0
	for r := range rune(0x3000) {
		text := strings.Repeat(string(r), 81)
		switch template.Segments(text) {
		case 1:
			if template.Segments(text+text[:len(string(r))*79]) == 1 { // 160
				basic++
			}
		case 2:
			if template.Segments(text[:len(string(r))*80]) == 1 { // 80 of two septets, where UCS-2 has 70
				extension++
			}
		}
	}
	if basic != 127 || extension != 10 {
		t.Errorf("the alphabet has %d characters and %d of the extension, want 127 and 10", basic, extension)
	}
}
