package integration

import "time"

// Request is a service request: somebody of an account asks for a visit or a change.
type Request struct {
	ID          string    `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system."`
	AccountID   string    `json:"accountId" maxLength:"64" doc:"The account that it belongs to, for good."`
	Number      string    `json:"number" maxLength:"64" doc:"The number that people know it by."`
	Subject     string    `json:"subject" maxLength:"200" doc:"What is asked for."`
	Text        string    `json:"text,omitempty" maxLength:"10000" lines:"true" doc:"What was written about it."`
	Status      string    `json:"status" enum:"New,Scheduled,InProgress,Completed,Declined" doc:"How far it is."`
	SiteID      string    `json:"siteId,omitempty" maxLength:"64" doc:"The site of the account that it is for."`
	OpenedBy    string    `json:"openedBy" maxLength:"200" doc:"The name of the person who asked."`
	OpenedAt    time.Time `json:"openedAt" doc:"When it was asked for."`
	ScheduledOn string    `json:"scheduledOn,omitempty" format:"date" doc:"The day for which it is planned."`
	Comment     string    `json:"comment,omitempty" maxLength:"2000" lines:"true" doc:"What the provider said about it last, in words for the customer."`
	Meta
}
