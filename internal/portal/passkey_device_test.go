package portal

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"html"
	"regexp"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// authenticator is a device with one passkey, in software: ES256, no attestation.
type authenticator struct {
	t      *testing.T
	id     []byte
	key    *ecdsa.PrivateKey
	handle string // of the user, as the site told it
	rpID   string
	origin string
	count  uint32
	// unverified: it does not ask for a fingerprint.
	unverified bool
}

func newAuthenticator(t *testing.T) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	_, _ = rand.Read(id)
	return &authenticator{t: t, id: id, key: key, rpID: "my.acme.example", origin: "https://my.acme.example"}
}

var optionsPattern = regexp.MustCompile(`data-options="([^"]*)"`)

// passkeyOptions are what a page asks the browser for.
type passkeyOptions struct {
	Challenge string
	User      struct{ ID, Name, DisplayName string }
	RP        struct{ ID, Name string }
	RPID      string `json:"rpId"`

	UserVerification       string
	AuthenticatorSelection struct{ ResidentKey, UserVerification string }
	AllowCredentials       []struct{ ID string }
	ExcludeCredentials     []struct{ ID string }
}

func (a answer) options(t *testing.T) passkeyOptions {
	t.Helper()
	found := optionsPattern.FindStringSubmatch(a.body)
	if found == nil {
		t.Fatalf("the page asks for no passkey:\n%s", words(a.body))
	}
	var options passkeyOptions
	if err := json.Unmarshal([]byte(html.UnescapeString(found[1])), &options); err != nil {
		t.Fatal(err)
	}
	return options
}

func encoded(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// data is what the device signs: whose site it is, what it did, how often it was used.
func (d *authenticator) data(flags byte) []byte {
	rp := sha256.Sum256([]byte(d.rpID))
	if !d.unverified {
		flags |= 4
	}
	d.count++
	return binary.BigEndian.AppendUint32(append(rp[:], flags|1), d.count)
}

func (d *authenticator) client(kind, challenge string) []byte {
	return d.marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
}

func (d *authenticator) marshal(v any) []byte {
	d.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

// create answers a page that wants a passkey made.
func (d *authenticator) create(o passkeyOptions) string {
	d.t.Helper()
	d.handle = o.User.ID
	point, err := d.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		d.t.Fatal(err)
	}
	mode, err := cbor.CanonicalEncOptions().EncMode()
	if err != nil {
		d.t.Fatal(err)
	}
	key, err := mode.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		d.t.Fatal(err)
	}
	data := append(d.data(0x40), make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	data = append(append(data, d.id...), key...)
	object, err := mode.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		d.t.Fatal(err)
	}
	return string(d.marshal(map[string]any{
		"id": encoded(d.id), "rawId": encoded(d.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{
			"clientDataJSON": encoded(d.client("webauthn.create", o.Challenge)), "attestationObject": encoded(object), "transports": []string{"internal"},
		},
	}))
}

// get answers a page that asks for a passkey.
func (d *authenticator) get(o passkeyOptions) string {
	d.t.Helper()
	data, client := d.data(0), d.client("webauthn.get", o.Challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return string(d.marshal(map[string]any{
		"id": encoded(d.id), "rawId": encoded(d.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{
			"clientDataJSON": encoded(client), "authenticatorData": encoded(data), "signature": encoded(signature), "userHandle": d.handle,
		},
	}))
}
