package sms

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
)

// generic is Foyer's own form.
type generic struct {
	channel config.SMSChannel
	secrets string
}

// posted is the body of a request.
type posted struct {
	To        string `json:"to"`
	From      string `json:"from,omitempty"`
	Text      string `json:"text"`
	ID        string `json:"id"`
	StatusURL string `json:"statusURL,omitempty"`
}

func (g generic) request(m channel.Message) (address string, h http.Header, body []byte, err error) {
	authorization, err := channel.ReadSecret(g.secrets, config.SMSSecretDir, "authorization")
	if err != nil {
		return "", nil, nil, err
	}
	if g.channel.URL == "" {
		return "", nil, nil, errors.New("the provider has no address: set spec.sms.url")
	}
	status, err := statusURL(g.secrets)
	if err != nil {
		return "", nil, nil, err
	}
	body, err = json.Marshal(posted{To: m.To, From: cmp.Or(m.From, g.channel.From), Text: m.Text, ID: m.ID, StatusURL: status})
	h = http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("Accept", "application/json")
	h.Set("Authorization", authorization)
	h.Set("Idempotency-Key", m.ID)
	return g.channel.URL, h, body, err
}

func (g generic) taken(body []byte) string {
	var answer struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return "" // it took the message, and need not say more
	}
	return answer.ID
}

func (g generic) refused(a outbound.Answer) *channel.Error {
	if a.Status == http.StatusConflict {
		return nil // an earlier attempt arrived
	}
	var answer struct {
		Message string `json:"message"`
		Error   string `json:"error"`
		Detail  string `json:"detail"`
	}
	detail := http.StatusText(a.Status)
	if json.Unmarshal(a.Body, &answer) == nil {
		detail = cmp.Or(answer.Message, answer.Error, answer.Detail, detail)
	}
	return channel.Fail(byStatus(a.Status), strconv.Itoa(a.Status), detail)
}
