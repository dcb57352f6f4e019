package settings

import (
	"strings"
	"testing"
)

func TestIsEmail(t *testing.T) {
	long := strings.Repeat("a", 64) + "@" + strings.Repeat("b", 60) + "." + strings.Repeat("c", 60) + "." + strings.Repeat("d", 60)
	for text, want := range map[string]bool{
		"dana@miller.example": true, "dana+shop@miller.example": true, "o'hara@miller.example": true, "dana@münchen.example": true,
		long + ".efghij": true, long + ".efghijk": false,
		"": false, "dana": false, "dana@": false, "@miller.example": false, "dana@miller@example": false,
		"Dana <dana@miller.example>": false, "<dana@miller.example>": false, " dana@miller.example": false, `"dana m"@miller.example`: false,
		"dana@miller.example, sam@miller.example": false, "dana@miller.example\r\nBcc: sam@miller.example": false,
	} {
		if got := IsEmail(text); got != want {
			t.Errorf("IsEmail(%q) = %v with %d bytes", text, got, len(text))
		}
	}
}
