package compare

import "time"

// Message is one notification that would be sent in the coming days, or not.
type Message struct {
	At               time.Time
	Day              string // the date of it at the account
	EventType        string
	Invoice          string // the id of the one that it is about
	ContactID        string
	Channel, Address string
	MessageWay
	Suppressed string // why it would not be sent; empty: it would be
	// Content names what it says, by a text that is the same for the same content. It is asked
	// for only if nothing else of the message changes.
	Content func() string
}

// same is everything but the content.
type sameMessage struct {
	at       int64
	toWhom   toWhom
	way      MessageWay
	contact  string
	suppress string
}

// toWhom is what makes two notifications the same one: to whom, about what.
type toWhom struct{ event, invoice, channel, address string }

func (m *Message) identity() sameMessage {
	return sameMessage{m.At.UnixNano(), m.toWhom(), m.MessageWay, m.ContactID, m.Suppressed}
}

func (m *Message) toWhom() toWhom { return toWhom{m.EventType, m.Invoice, m.Channel, m.Address} }

// Match finds what of two lists belongs together: first what is the same, then what is about
// the same, each once. The rest is in one of them only.
func Match[T any, I, K comparable](before, after []T, identity func(T) I, about func(T) K) (same, changed [][2]T, less, more []T) {
	more = append(more, after...)
	less, same = pair(before, &more, identity)
	less, changed = pair(less, &more, about)
	return same, changed, less, more
}

// pair takes from rest what has the same key.
func pair[T any, K comparable](list []T, rest *[]T, key func(T) K) (alone []T, pairs [][2]T) {
	places := map[K][]int{}
	for i, item := range *rest {
		places[key(item)] = append(places[key(item)], i)
	}
	taken := map[int]bool{}
	for _, item := range list {
		k := key(item)
		if at := places[k]; len(at) > 0 {
			pairs, places[k], taken[at[0]] = append(pairs, [2]T{item, (*rest)[at[0]]}), at[1:], true
			continue
		}
		alone = append(alone, item)
	}
	var left []T
	for i, item := range *rest {
		if !taken[i] {
			left = append(left, item)
		}
	}
	*rest = left
	return alone, pairs
}

// Messages counts what becomes of the upcoming notifications of an account.
func (c *Comparison) Messages(account string, before, after []Message) {
	was, is := sentOnly(before), sentOnly(after)
	same, changed, less, more := Match(was, is, (*Message).identity, (*Message).toWhom)
	counted := map[*MessageChange]bool{}
	for _, both := range append(same, changed...) {
		switch b, a := both[0], both[1]; {
		case !b.At.Equal(a.At):
			c.message(counted, account, Moves, b, a, "")
		case b.Content() != a.Content():
			c.message(counted, account, Rewords, b, a, "")
		}
	}
	for _, m := range less {
		c.message(counted, account, Disappears, m, nil, reasonOf(m, after))
	}
	for _, m := range more {
		c.message(counted, account, Appears, nil, m, reasonOf(m, before))
	}
}

func sentOnly(list []Message) []*Message {
	var sent []*Message
	for i := range list {
		if list[i].Suppressed == "" {
			sent = append(sent, &list[i])
		}
	}
	return sent
}

// reasonOf is why the same is suppressed on the other side; empty: it is not there.
func reasonOf(m *Message, others []Message) string {
	for i := range others {
		o := &others[i]
		if o.Suppressed != "" && o.EventType == m.EventType && o.Invoice == m.Invoice && o.Channel == m.Channel && o.Day == m.Day {
			return o.Suppressed
		}
	}
	return ""
}

func (c *Comparison) message(counted map[*MessageChange]bool, account, change string, before, after *Message, reason string) {
	m := after
	if m == nil {
		m = before
	}
	key := messageKey{change: change, event: m.EventType, channel: m.Channel, reason: reason}
	sample := MessageSample{AccountID: account, ContactID: m.ContactID, Invoice: m.Invoice}
	if before != nil {
		key.before, sample.Before = before.MessageWay, before.Day
	}
	if after != nil {
		key.after, sample.After = after.MessageWay, after.Day
	}
	one := c.messages[key]
	if one == nil {
		one = &MessageChange{Change: change, EventType: m.EventType, Channel: m.Channel, Reason: reason, Sample: []MessageSample{}}
		if before != nil {
			one.Before = &key.before
		}
		if after != nil {
			one.After = &key.after
		}
		c.messages[key] = one
	}
	one.Messages++
	if !counted[one] {
		counted[one] = true
		one.Accounts++
	}
	if len(one.Sample) < c.options.Samples {
		one.Sample = append(one.Sample, sample)
	}
	c.tell(Line{Kind: "Upcoming", AccountID: account, ContactID: m.ContactID, EventType: m.EventType, Channel: m.Channel, Invoice: m.Invoice,
		Change: change, Reason: reason, Before: sample.Before, After: sample.After})
}

// WaitingMessage is a notification that waits to be sent.
type WaitingMessage struct {
	ID, AccountID, EventType, Channel string
}

// Outcome is what becomes of a notification that waits.
type Outcome struct {
	State  string // Sent, Held, Redirected or Suppressed
	Reason string // of Suppressed
}

// Waiting counts what becomes of a notification that waits.
func (c *Comparison) Waiting(m WaitingMessage, was, is Outcome) {
	if was.State == is.State {
		return // another reason for the same is nothing to customers
	}
	reason := is.Reason
	if is.State != Suppressed {
		reason = was.Reason
	}
	key := [5]string{was.State, is.State, reason, m.EventType, m.Channel}
	one := c.waiting[key]
	if one == nil {
		one = &WaitingChange{Before: was.State, After: is.State, Reason: reason, EventType: m.EventType, Channel: m.Channel, Sample: []WaitingSample{}}
		c.waiting[key] = one
	}
	one.Messages++
	if len(one.Sample) < c.options.Samples {
		one.Sample = append(one.Sample, WaitingSample{m.ID, m.AccountID})
	}
	c.tell(Line{Kind: "Waiting", AccountID: m.AccountID, NotificationID: m.ID, EventType: m.EventType, Channel: m.Channel, Reason: reason, Before: was.State, After: is.State})
}
