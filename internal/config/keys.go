package config

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// The files of a tenant's keys, as the operator makes them and the portal reads them. Each
// holds one key per line, KeyBytes in base64, the newest first: what was made by an older
// one is still taken.
const (
	LinkKeyFile = "link" // signs the links that are sent
	SealKeyFile = "seal" // seals the secrets of authenticator apps
)

// KeyBytes is the size of each key.
const KeyBytes = 32

// ParseKeyFile reads the keys of a file. The errors hold nothing of the keys.
func ParseKeyFile(name string, text []byte) ([][]byte, error) {
	var keys [][]byte
	for i, line := range strings.Fields(string(text)) {
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(key) != KeyBytes {
			return nil, fmt.Errorf("key file %s: line %d is not %d bytes in base64", name, i+1, KeyBytes)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("key file %s: there is no key in it", name)
	}
	return keys, nil
}
