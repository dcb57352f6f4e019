package provision

import corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

// The annotations by which logins are rotated.
const (
	// AnnotationRotateLogins, on a Tenant, asks for new logins by any value that it did not
	// have before. Its people set it. On the Secrets it is the value that was followed.
	AnnotationRotateLogins = "foyer.dev/rotate-logins"
	// AnnotationRotated, on a Secret, is when what it holds took the place of another.
	AnnotationRotated = "foyer.dev/rotated"
	// AnnotationRefreshLogin, on pods, makes the kubelet refresh their mounted files at once.
	AnnotationRefreshLogin = "foyer.dev/refresh-login"
)

// KeyNext is the key of what takes the place of the other key's value, once it works.
const KeyNext = "next"

// Turn is where the secret of a Secret is in its rotation.
type Turn struct {
	Next    string // takes its place, once it works; empty: nothing does
	Rotated string // when it took the place of another, in RFC 3339; empty: it is the first
	Request string // the newest value of AnnotationRotateLogins that was followed
}

// InTurn adds to the Secret of a database login, or of the first API token, where it is in
// its rotation.
func InTurn(rendered Object, turn Turn) Object {
	secret, ok := rendered.(*corev1ac.SecretApplyConfiguration)
	if !ok {
		return rendered
	}
	if turn.Next != "" {
		secret.WithData(map[string][]byte{KeyNext: []byte(turn.Next)})
	}
	for annotation, value := range map[string]string{AnnotationRotated: turn.Rotated, AnnotationRotateLogins: turn.Request} {
		if value != "" {
			secret.WithAnnotations(map[string]string{annotation: value})
		}
	}
	return secret
}
