package sms

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
)

const twilioURL = "https://api.twilio.com"

// twilio is Twilio's form.
type twilio struct {
	channel config.SMSChannel
	secrets string
}

func (t twilio) request(m channel.Message) (address string, h http.Header, body []byte, err error) {
	account, err := channel.ReadSecret(t.secrets, config.SMSSecretDir, "accountSID")
	if err != nil {
		return "", nil, nil, err
	}
	token, err := channel.ReadSecret(t.secrets, config.SMSSecretDir, "authToken")
	if err != nil {
		return "", nil, nil, err
	}
	status, err := statusURL(t.secrets)
	if err != nil {
		return "", nil, nil, err
	}
	base := cmp.Or(t.channel.URL, twilioURL)
	form := url.Values{"To": {m.To}, "From": {cmp.Or(m.From, t.channel.From)}, "Body": {m.Text}}
	if status != "" {
		form.Set("StatusCallback", status)
	}
	h = http.Header{}
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	h.Set("Accept", "application/json")
	h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(account+":"+token)))
	address = strings.TrimSuffix(base, "/") + "/2010-04-01/Accounts/" + url.PathEscape(account) + "/Messages.json"
	return address, h, []byte(form.Encode()), nil
}

func (t twilio) taken(body []byte) string {
	var answer struct {
		SID string `json:"sid"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return "" // it took the message, and need not say more
	}
	return answer.SID
}

// twilioClasses are those of Twilio's own codes that its status does not tell:
// https://www.twilio.com/docs/api/errors
var twilioClasses = map[int]channel.Class{
	14107: channel.Temporary, // too many to one number
	20003: channel.Broken,    // sign-in
	20005: channel.Broken,    // the account is not active
	20429: channel.Temporary, // too many requests
	21212: channel.Broken,    // the sender is none
	21408: channel.Permanent, // the country is not allowed: it is answered as 403
	21603: channel.Broken,    // no sender
	21606: channel.Broken,    // the sender cannot send text messages
	21610: channel.Permanent, // the person does not want them: it may be answered as 403
	21611: channel.Temporary, // the sender's queue is full
	21659: channel.Broken,    // the sender is not theirs
	21660: channel.Broken,    // the sender is of another account
}

func (t twilio) refused(a outbound.Answer) *channel.Error {
	class, code, detail := byStatus(a.Status), strconv.Itoa(a.Status), http.StatusText(a.Status)
	if a.Status == http.StatusBadGateway || a.Status == http.StatusGatewayTimeout {
		class = channel.Uncertain // somebody between here and Twilio lost the answer
	}
	var answer struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(a.Body, &answer) == nil && answer.Code != 0 {
		code, detail = fmt.Sprintf("%d %d", a.Status, answer.Code), answer.Message
		if known, ok := twilioClasses[answer.Code]; ok {
			class = known
		}
	}
	return channel.Fail(class, code, detail)
}
