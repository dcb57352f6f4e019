package channel

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxSecret bounds a file of a Secret.
const maxSecret = 64 << 10

// ReadSecret reads a file below the directory of the channels' secrets: the key of a Secret
// that a Tenant names. Space around it is not a part of it. Errors say what is missing and
// nothing of what is there.
func ReadSecret(dir, secret, key string) (string, error) {
	text, found, err := ReadOptionalSecret(dir, secret, key)
	if err == nil && (!found || text == "") {
		err = fmt.Errorf("the Secret of %s has no key %s: add it", secret, key)
	}
	return text, err
}

// ReadOptionalSecret is ReadSecret for what need not be there.
func ReadOptionalSecret(dir, secret, key string) (text string, found bool, err error) {
	file, err := os.Open(filepath.Join(dir, secret, key)) //nolint:gosec // both are names of our own
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read key %s of the Secret of %s: %w", key, secret, err)
	}
	defer file.Close() //nolint:errcheck // only read
	content, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err != nil {
		return "", false, fmt.Errorf("read key %s of the Secret of %s: %w", key, secret, err)
	}
	if len(content) > maxSecret {
		return "", false, fmt.Errorf("key %s of the Secret of %s has more than %d bytes", key, secret, maxSecret)
	}
	return strings.TrimSpace(string(content)), true, nil
}
