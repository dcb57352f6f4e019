package admin

import (
	"encoding/base64"
	"errors"
	"testing"
)

func TestCheckVersion(t *testing.T) {
	for version, want := range map[int]string{
		90624:  "the server runs PostgreSQL 9.6.24, Foyer needs 15 or newer",
		140023: "the server runs PostgreSQL 14.23, Foyer needs 15 or newer",
		150000: "",
		180004: "",
	} {
		err := checkVersion(version)
		if want == "" {
			if err != nil {
				t.Errorf("%d: %v", version, err)
			}
			continue
		}
		var p *Problem
		if !errors.As(err, &p) || p.Reason != TooOld || p.Message != want {
			t.Errorf("%d: got %v, want %s", version, err, want)
		}
	}
}

// TestScramVerifier takes user "user" with password "pencil" of RFC 7677, as the
// client's proof and the server's signature of its dialogue need it.
func TestScramVerifier(t *testing.T) {
	salt, err := base64.StdEncoding.DecodeString("W22ZaJ0SNY7soEsUEjb6gQ==")
	if err != nil {
		t.Fatal(err)
	}
	got, err := scramVerifierWith("pencil", salt)
	want := "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
	if err != nil || got != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

// TestSchemaNames: a name never changes, it is where the data is.
func TestSchemaNames(t *testing.T) {
	owner := Owner{ClusterUID: "4f7d5a0e-26f3-4b45-a2a5-1d3c3c6e8b57", Namespace: "acme", Name: "acme"}
	if got, want := owner.Schema(), "foyer_41fdfbd3d9039dae"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if longest := loginRole(owner.Schema(), Backoffice, true); len(longest) > 63 {
		t.Errorf("%s is longer than PostgreSQL keeps", longest)
	}
}
