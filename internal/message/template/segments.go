package template

import (
	"strings"
	"unicode/utf16"
)

// The alphabet of text messages, GSM 03.38. A character of the extension takes two
// septets, of which the first says so.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// The sizes of a message in one segment, and of each segment of several, which begins
// with a header.
const (
	gsmOne, gsmEach   = 160, 153
	wideOne, wideEach = 70, 67
)

// Segments is the number of segments in which a text message is sent: 160 characters of
// GSM 03.38 or 153 of each of several, else 70 and 67 UTF-16 units.
func Segments(text string) int {
	if sizes, ok := gsmSizes(text); ok {
		return count(sizes, gsmOne, gsmEach)
	}
	sizes := make([]int, 0, len(text))
	for _, r := range text {
		sizes = append(sizes, max(utf16.RuneLen(r), 1))
	}
	return count(sizes, wideOne, wideEach)
}

// gsmSizes are the septets of each character; not ok: one is not in the alphabet.
func gsmSizes(text string) (sizes []int, ok bool) {
	sizes = make([]int, 0, len(text))
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			sizes = append(sizes, 1)
		case strings.ContainsRune(gsmExtension, r):
			sizes = append(sizes, 2)
		default:
			return nil, false
		}
	}
	return sizes, true
}

// count fills segments with characters, none of which is split.
func count(sizes []int, one, each int) int {
	total := 0
	for _, size := range sizes {
		total += size
	}
	if total <= one {
		return 1
	}
	segments, left := 1, each
	for _, size := range sizes {
		if size > left {
			segments, left = segments+1, each
		}
		left -= size
	}
	return segments
}
