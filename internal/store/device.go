package store

import (
	"context"
	"time"
)

// DeviceLifetime is how long a device is known after its last sign-in.
const DeviceLifetime = 180 * 24 * time.Hour

// Knock is what is known of an attempt to sign in before anything is looked at. An
// attempt from a device that is known for the login's user is delayed by DeviceKeys
// alone, any other by Keys.
type Knock struct {
	Login      string
	Device     []byte // hash of the device's secret, nil without one
	Keys       []string
	DeviceKeys []string
	Now        time.Time
}

// Admission says whether an attempt comes from a known device, and until when it is
// delayed; zero: it may be made now.
type Admission struct {
	KnownDevice bool
	Until       time.Time
}

// The user is only looked up when there is a device with this secret, so strangers cannot
// tell by the time it takes whether there is a user.
const admissionSQL = `
WITH ` + userOfLoginSQL + `, known AS MATERIALIZED (
    SELECT coalesce((
        SELECT user_id = coalesce((SELECT id FROM by_name), (SELECT id FROM by_email))
        FROM device WHERE secret_hash = $2 AND last_used_at > $3), false) AS device
)
SELECT known.device, (
    SELECT max(blocked_until) FROM throttle
    WHERE key = ANY(CASE WHEN known.device THEN $5::text[] ELSE $4::text[] END) AND blocked_until > $6)
FROM known`

// Admission decides in one round trip whether an attempt to sign in may be made now. A
// login that nobody has, and a device of another user, are as no device.
func (s *Store) Admission(ctx context.Context, k Knock) (Admission, error) {
	if badText(k.Login) {
		k.Login = "" // nobody's
	}
	var a Admission
	var until *time.Time
	err := s.db.QueryRow(ctx, admissionSQL, k.Login, k.Device, k.Now.Add(-DeviceLifetime),
		storable(k.Keys), storable(k.DeviceKeys), k.Now).Scan(&a.KnownDevice, &until)
	if err != nil {
		return Admission{}, fail("read throttle", err)
	}
	if until != nil {
		a.Until = *until
	}
	return a, nil
}

// otherDevices bounds the devices of a user, besides the one in use.
const otherDevices = "9"

// A sign-in notes its device, and forgets devices of the user that were not used for long
// or are too many. A device stays with its first user.
const rememberDeviceSQL = `
WITH kept AS (
    INSERT INTO device AS d (secret_hash, user_id, last_used_at) VALUES ($1, $2::uuid, $3)
    ON CONFLICT (secret_hash) DO UPDATE SET last_used_at = greatest(d.last_used_at, excluded.last_used_at)
    WHERE d.user_id = excluded.user_id
)
DELETE FROM device WHERE user_id = $2::uuid AND secret_hash <> $1 AND secret_hash NOT IN (
    SELECT secret_hash FROM device WHERE user_id = $2::uuid AND secret_hash <> $1 AND last_used_at > $4
    ORDER BY last_used_at DESC LIMIT ` + otherDevices + `)`
