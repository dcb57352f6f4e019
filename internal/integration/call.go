package integration

import "time"

// Call is one call of an account. It is one by its id and the moment it started.
type Call struct {
	ID          string    `json:"id" maxLength:"64" doc:"The key of the provider's system. With startedAt it makes the call one."`
	AccountID   string    `json:"accountId" maxLength:"64" doc:"The account that it is of."`
	StartedAt   time.Time `json:"startedAt" format:"date-time" doc:"When it started, to the microsecond. Not more than a day ahead."`
	Direction   string    `json:"direction" enum:"Inbound,Outbound" doc:"Inbound: somebody called the number of the account."`
	Outcome     string    `json:"outcome" enum:"Answered,Missed,Busy,Failed" doc:"How it ended."`
	Number      string    `json:"number" maxLength:"64" doc:"The number of the account, as it is in numbers."`
	OtherNumber string    `json:"otherNumber,omitempty" maxLength:"64" doc:"The number at the other end. Missing: it was withheld."`
	Destination string    `json:"destination,omitempty" maxLength:"200" doc:"What the other number is, in words for the customer: Mobile, Germany."`
	Seconds     int64     `json:"seconds" minimum:"0" maximum:"31622400" doc:"For how long they spoke."`
	Charge      string    `json:"charge,omitempty" format:"decimal" doc:"What it costs, at most 1000000000. Missing: not charged by the call."`
	Currency    string    `json:"currency,omitempty" format:"currency" doc:"The ISO 4217 code of charge. Left out: the account's when the call comes in."`
}

// CallBatch is some calls at once.
type CallBatch struct {
	Items []Call `json:"items" minItems:"1" maxItems:"1000" doc:"The calls."`
}

// CallBatchResult says what became of calls.
type CallBatchResult struct {
	Created   int `json:"created" doc:"How many were new."`
	Unchanged int `json:"unchanged" doc:"How many were there already."`
}

// CallDay is the roll-up of the calls of one day: of one number of an account, in one
// direction.
type CallDay struct {
	AccountID string `json:"accountId" doc:"The account."`
	Day       string `json:"day" format:"date" doc:"The day in the time zone that the account had when the calls came in."`
	Number    string `json:"number" doc:"The number of the account."`
	Direction string `json:"direction" enum:"Inbound,Outbound" doc:"Which way the calls were."`
	Currency  string `json:"currency" doc:"The ISO 4217 code of charge."`
	Calls     int64  `json:"calls" doc:"How many there were."`
	Answered  int64  `json:"answered" doc:"How many of them were answered."`
	Seconds   int64  `json:"seconds" doc:"For how long they spoke in all."`
	Charge    string `json:"charge" doc:"What they cost in all."`
}
