// Command dispatcher plans and sends the notifications of one tenant. It reads the tenant's
// documents, its keys, the secrets of its channels and the address of its database from
// mounted directories and follows all of them without a restart. Nobody can call it: it has
// no listener but the one for probes and metrics.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel/email"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
	"github.com/foyerhq/foyer/internal/notify/channel/sms"
	"github.com/foyerhq/foyer/internal/notify/channel/webhook"
	"github.com/foyerhq/foyer/internal/notify/deliver"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
)

// version is set by the linker.
var version = "development"

// How many messages one replica hands over at a time, by lane and channel. Mails have the
// connections of their sender.
const (
	textsAtOnce    = 4
	webhooksAtOnce = 8
)

// Bounds of a lease, in seconds: servers need some for one message.
const (
	minLease = 6
	maxLease = 3600
)

func main() {
	os.Exit(process.Main(program()))
}

// options are the flags that only the dispatcher has.
type options struct {
	routing     process.RoutingFile
	keys        process.KeyFiles
	clock       process.ClockFile
	channelsDir string
	allowed     string
	lease       int // in seconds
}

func (o *options) flags(set *flag.FlagSet) {
	o.routing.Flags(set)
	o.keys.Flags(set)
	o.clock.Flags(set)
	set.StringVar(&o.channelsDir, "channels-dir", "/etc/foyer/channels", "directory with the secrets of the channels: smtp, dkim, sms, webhook-NAME")
	set.StringVar(&o.allowed, "allow-outgoing", "", "comma separated CIDRs of private networks that may be called all the same")
	set.IntVar(&o.lease, "lease-seconds", 120, "seconds after which a notification that a process has is taken for lost with it")
}

func program() process.Program {
	var o options
	return process.Program{Component: "dispatcher", Version: version, Flags: o.flags, GCPercent: deliver.GCPercent,
		Work: func(r *process.Runtime) (func(context.Context), error) { return work(r, &o) }}
}

func work(r *process.Runtime, o *options) (func(context.Context), error) {
	allowed, err := process.ParsePrefixes(o.allowed)
	if err != nil {
		return nil, fmt.Errorf("--allow-outgoing: %w", err)
	}
	if o.lease < minLease || o.lease > maxLease {
		return nil, fmt.Errorf("--lease-seconds: %d is out of range, allowed is %d to %d", o.lease, minLease, maxLease)
	}
	keys, err := o.keys.Follow(r)
	if err != nil {
		return nil, err
	}
	routing, err := o.routing.Follow(r)
	if err != nil {
		return nil, err
	}
	now := o.clock.Follow(r)
	guard := outbound.NewGuard(allowed)
	d := deliver.New(deliver.Options{
		Store: r.Store, Settings: r.Settings, Routing: routing, Keys: keys, Log: r.Log, Metrics: r.Metrics, Now: now, Lease: time.Duration(o.lease) * time.Second,
		Ways: [2]map[string]deliver.Way{ways(r, o, guard), ways(r, o, guard)},
	})
	return d.Run, nil
}

// ways are the channels of one lane. The clock that the flags move is not theirs: mail
// servers and those who verify signatures have the real time.
func ways(r *process.Runtime, o *options, guard *outbound.Guard) map[string]deliver.Way {
	texts := func() config.SMSChannel { return r.Settings().Tenant.SMS }
	return map[string]deliver.Way{
		store.ChannelEmail: {
			Sender: email.New(email.Options{Channel: func() config.EmailChannel { return r.Settings().Tenant.Email }, SecretsDir: o.channelsDir, Guard: guard, Now: time.Now}),
			AtOnce: email.Connections,
		},
		store.ChannelSMS: {
			Sender: sms.New(sms.Options{Channel: texts, SecretsDir: o.channelsDir, Guard: guard, Now: time.Now}),
			AtOnce: textsAtOnce, Repeat: func() deliver.Repeat {
				if sms.Repeatable(texts().Type) {
					return deliver.ByKey
				}
				return deliver.Never
			},
		},
		store.ChannelWebhook: {
			Sender: webhook.New(webhook.Options{Webhooks: func() []config.TenantWebhook { return r.Settings().Tenant.Webhooks }, SecretsDir: o.channelsDir, Guard: guard, Now: time.Now}),
			AtOnce: webhooksAtOnce, Repeat: func() deliver.Repeat { return deliver.ByKey },
		},
	}
}
