package integration

// A Reason says why a notification is in its state.
type Reason struct {
	Name  string
	State string // which it explains
	Why   string // in a sentence
}

// Reasons are all that there are.
var Reasons = []Reason{
	{"disabled", "Suppressed", "The account has the channel switched off, or its reminders."},
	{"optedOut", "Suppressed", "The person does not want mails or texts of this category."},
	{"noConsent", "Suppressed", "The account has text messages with consent only, and there is none."},
	{"noAddress", "Suppressed", "There is nobody to send it to, or no address by this channel."},
	{"unverified", "Suppressed", "The account gets mails at verified addresses only, and this one is not."},
	{"duplicate", "Suppressed", "It has happened already, by another action or to the same address."},
	{"paid", "Suppressed", "Nothing is owed any more."},
	{"paused", "Suppressed", "Reminders of the account are paused."},
	{"disputed", "Suppressed", "The account disputes what it owes."},
	{"belowMinimum", "Suppressed", "Less is owed than the account is reminded of."},
	{"beforeGoLive", "Suppressed", "It fell due before delivery went Live, or was held for 30 days."},
	{"backdated", "Suppressed", "Its day was over when the invoice was first written."},
	{"over", "Suppressed", "The link in it does not work any more."},
	{"obsolete", "Suppressed", "The action was removed, switched off or is for somebody else now, or its condition is false."},
	{"notLive", "Suppressed", "Delivery is Redirect, in which only mails go out."},
	{"refused", "Dead", "The other side refused it for good."},
	{"expired", "Dead", "It could not go out in time."},
	{"text", "Dead", "Its text could not be made."},
	{"unplanned", "Dead", "Who is told of it could not be worked out. It stands for all that was not planned then."},
	{"contactDeleted", "Cancelled", "The person was deleted."},
	{"byStaff", "Cancelled", "Staff cancelled it."},
	{"uncertain", "Uncertain", "It may have arrived: the other side did not answer, or a process ended while it was sent. Where a repeat is noticed, it waits in Retry instead. What staff did not decide in 30 days is Cancelled."},
	{"quietHours", "Planned", "It waits for the end of the account's quiet hours."},
	{"failed", "Retry", "It failed, and is tried again."},
	{"broken", "Planned", "Its channel, or the host of its webhook, works for nobody at the moment. It waits, also in Retry."},
	{"returned", "Planned", "The process that had it ended before it came to it. It waits, also in Retry."},
}

// WhyOf is the sentence of a reason; "": it is not known here.
func WhyOf(reason string) string {
	for _, r := range Reasons {
		if r.Name == reason {
			return r.Why
		}
	}
	return ""
}
