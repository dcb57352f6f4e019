package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// lastDay bounds the days of an action, so that every one of them is a date of a year
// with four digits.
const lastDay = 1_000_000

// EncodeRouting returns the canonical JSON of a document, as [Encode] does.
func EncodeRouting(doc Routing) ([]byte, error) { return encode("routing", doc) }

// ParseRouting reads a document as [Parse] does.
func ParseRouting(document []byte) (Routing, error) {
	return parse[Routing]("routing", RoutingFormat, document)
}

// OpenRouting parses a document and checks that it can be run. The error names the
// template, the action and what is wrong.
//
// It does not ask whether an event, a field or a condition is known: whoever wrote the
// document has, and a replica of another release that knew fewer of them would stop
// following its tenant's configuration over one template. For the same reason an action
// of a type that this release does not know is left out of Templates: a newer operator
// wrote it, it cannot be run here, and the others can.
func OpenRouting(document []byte) (*LiveRouting, error) {
	doc, err := ParseRouting(document)
	if err != nil {
		return nil, err
	}
	if doc.Tenant == "" {
		return nil, errors.New("routing document: it names no tenant")
	}
	live := &LiveRouting{Digest: Digest(document), Routing: doc, Templates: make(map[string]EventTemplate, len(doc.Templates))}
	checked := make(bodyCheck, len(doc.Bodies))
	for _, e := range doc.Templates {
		if e.Name == "" {
			return nil, errors.New("routing document: an entry of kind EventTemplate has no name")
		}
		if _, twice := live.Templates[e.Name]; twice {
			return nil, fmt.Errorf("routing document: EventTemplate %q is there twice", e.Name)
		}
		template, err := openTemplate(e.Content, doc.Bodies, checked)
		if err != nil {
			return nil, fmt.Errorf("routing document, EventTemplate %q: %w", e.Name, err)
		}
		live.Templates[e.Name] = template
	}
	return live, nil
}

func openTemplate(content json.RawMessage, bodies map[BodyRef]string, checked bodyCheck) (EventTemplate, error) {
	var template struct {
		EventTemplate
		Actions []json.RawMessage `json:"actions"` // hides the one of EventTemplate
	}
	if err := json.Unmarshal(content, &template); err != nil {
		return EventTemplate{}, err
	}
	names := map[string]bool{}
	for i, raw := range template.Actions {
		var head struct{ Name, Type string }
		if err := json.Unmarshal(raw, &head); err != nil {
			return EventTemplate{}, fmt.Errorf("actions[%d]: %w", i, err)
		}
		if head.Name == "" {
			return EventTemplate{}, fmt.Errorf("actions[%d]: it has no name", i)
		}
		if names[head.Name] {
			return EventTemplate{}, fmt.Errorf("action %q is there twice", head.Name)
		}
		names[head.Name] = true
		if !slices.ContainsFunc(actionTypes, func(t ActionType) bool { return t.Name == head.Type }) {
			continue
		}
		action, err := openAction(raw, bodies, checked)
		if err != nil {
			return EventTemplate{}, fmt.Errorf("action %q: %w", head.Name, err)
		}
		template.EventTemplate.Actions = append(template.EventTemplate.Actions, action)
	}
	return template.EventTemplate, nil
}

func openAction(raw json.RawMessage, bodies map[BodyRef]string, checked bodyCheck) (Action, error) {
	var a Action
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, err
	}
	for _, t := range actionTypes {
		switch own := t.Name == a.Type; {
		case own && !t.IsSet(a):
			return a, fmt.Errorf("type %s needs %s", a.Type, t.Field)
		case !own && t.IsSet(a):
			return a, fmt.Errorf("type %s has no %s", a.Type, t.Field)
		}
	}
	if err := a.checkDays(); err != nil {
		return a, err
	}
	for _, use := range a.bodyUses() {
		if err := checked.check(use, bodies); err != nil {
			return a, err
		}
	}
	return a, nil
}

// checkDays refuses only what would send the dispatcher astray: a newer release may allow
// more days than this one.
func (a Action) checkDays() error {
	for i, day := range a.Days {
		if i > 0 && a.Days[i-1] >= day {
			return errors.New("days must be sorted, and each there once")
		}
		if day < -lastDay || day > lastDay {
			return fmt.Errorf("days: %d is more than %d days away", day, lastDay)
		}
	}
	switch {
	case a.RepeatEveryDays < 0 || a.MaxRepeats < 0 || (a.RepeatEveryDays == 0) != (a.MaxRepeats == 0):
		return errors.New("repeatEveryDays and maxRepeats must both be positive, or neither be there")
	case a.RepeatEveryDays == 0:
		return nil
	case len(a.Days) == 0:
		return errors.New("repeatEveryDays needs days")
	case int64(slices.Max(a.Days))+int64(a.RepeatEveryDays)*int64(a.MaxRepeats) > lastDay:
		return fmt.Errorf("its last repeat is more than %d days away", lastDay)
	}
	return nil
}

// bodyCheck holds the bodies whose text is known to be the one that they name.
type bodyCheck map[BodyRef]bool

func (c bodyCheck) check(use bodyUse, bodies map[BodyRef]string) error {
	if use.ref == "" {
		if use.optional {
			return nil
		}
		return fmt.Errorf("%s is missing", use.path)
	}
	if c[use.ref] {
		return nil
	}
	text, exists := bodies[use.ref]
	switch {
	case !exists:
		return fmt.Errorf("%s: there is no body %s", use.path, use.ref)
	case BodyOf(text) != use.ref:
		return fmt.Errorf("%s: the body %s has another text than its name says", use.path, use.ref)
	}
	c[use.ref] = true
	return nil
}
