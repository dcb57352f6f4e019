package email

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
)

// secretsAge is how old secrets may be before they are read again.
const secretsAge = time.Second

// minRSA is how many bits a key of RSA has that receivers accept (RFC 8301).
const minRSA = 1024

// secrets are what is mounted for the channel.
type secrets struct {
	username, password string // empty: the server asks for none
	authorities        string // PEM; empty: those that the system trusts
	key                string // PEM; empty: mails are not signed

	roots  *x509.CertPool // of authorities
	signer crypto.Signer  // of key
}

// secretCache saves reading and parsing files for each mail.
type secretCache struct {
	mutex sync.Mutex
	of    config.EmailChannel
	at    time.Time
	last  secrets
}

func (c *secretCache) read(o Options, of config.EmailChannel) (secrets, *channel.Error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	now := o.Now()
	if !c.at.IsZero() && c.of == of && now.Sub(c.at).Abs() < secretsAge {
		return c.last, nil
	}
	read, err := readSecrets(o.SecretsDir, of)
	if err == nil {
		err = read.parse(c.last)
	}
	if err != nil {
		c.at = time.Time{}
		return secrets{}, channel.Fail(channel.Broken, channel.CodeSettings, err.Error())
	}
	c.of, c.at, c.last = of, now, read
	return read, nil
}

func readSecrets(dir string, of config.EmailChannel) (s secrets, err error) {
	if s.authorities, _, err = channel.ReadOptionalSecret(dir, config.SMTPSecretDir, "ca.crt"); err != nil {
		return secrets{}, err
	}
	if of.SMTP.Signed {
		if err = s.readSignIn(dir); err != nil {
			return secrets{}, err
		}
	}
	if of.DKIM.Selector != "" {
		s.key, err = channel.ReadSecret(dir, config.DKIMSecretDir, "key")
	}
	return s, err
}

// readSignIn reads username and password, which go together. A Secret that has a ca.crt and
// neither is no sign-in.
func (s *secrets) readSignIn(dir string) (err error) {
	_, named, err := channel.ReadOptionalSecret(dir, config.SMTPSecretDir, "username")
	if err != nil {
		return err
	}
	_, proven, err := channel.ReadOptionalSecret(dir, config.SMTPSecretDir, "password")
	if err != nil || s.authorities != "" && !named && !proven {
		return err
	}
	if s.username, err = channel.ReadSecret(dir, config.SMTPSecretDir, "username"); err != nil {
		return err
	}
	s.password, err = channel.ReadSecret(dir, config.SMTPSecretDir, "password")
	return err
}

// parse reads certificates and key, unless they are those of the last time.
func (s *secrets) parse(last secrets) error {
	if s.authorities != "" && s.authorities == last.authorities {
		s.roots = last.roots
	} else if s.authorities != "" {
		s.roots = x509.NewCertPool()
		if !s.roots.AppendCertsFromPEM([]byte(s.authorities)) {
			return fmt.Errorf("key ca.crt of the Secret of %s holds no certificates in PEM", config.SMTPSecretDir)
		}
	}
	if s.key != "" && s.key == last.key {
		s.signer = last.signer
	} else if s.key != "" {
		signer, err := gomail.PrivKeyFromPEM([]byte(s.key))
		if err != nil {
			return fmt.Errorf("the key of the Secret of %s is no private key of RSA or Ed25519 in PEM", config.DKIMSecretDir)
		}
		if key, ok := signer.(*rsa.PrivateKey); ok && key.N.BitLen() < minRSA {
			return fmt.Errorf("the key of the Secret of %s has %d bits: nobody believes less than %d", config.DKIMSecretDir, key.N.BitLen(), minRSA)
		}
		s.signer = signer
	}
	return nil
}
