package config

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// The methods below keep what a newer release wrote into a document or an entry:
// an older one that carries it forward must not drop what it cannot read.

// MarshalJSON writes the known fields and Extra.
func (s Settings) MarshalJSON() ([]byte, error) {
	type plain Settings
	return marshalWithExtra(plain(s), s.Extra)
}

// UnmarshalJSON reads the known fields and keeps the others in Extra.
func (s *Settings) UnmarshalJSON(raw []byte) error {
	type plain Settings
	if err := json.Unmarshal(raw, (*plain)(s)); err != nil {
		return err
	}
	var err error
	s.Extra, err = unknownFields(raw, "format", "tenant", "accountProfiles", "myAccountProfiles")
	return err
}

// MarshalJSON writes the known fields and Extra.
func (r Routing) MarshalJSON() ([]byte, error) {
	type plain Routing
	return marshalWithExtra(plain(r), r.Extra)
}

// UnmarshalJSON reads the known fields and keeps the others in Extra.
func (r *Routing) UnmarshalJSON(raw []byte) error {
	type plain Routing
	if err := json.Unmarshal(raw, (*plain)(r)); err != nil {
		return err
	}
	var err error
	r.Extra, err = unknownFields(raw, "format", "tenant", "templates", "withheld", "bodies")
	return err
}

// MarshalJSON writes the known fields and Extra.
func (e Entry) MarshalJSON() ([]byte, error) {
	type plain Entry
	return marshalWithExtra(plain(e), e.Extra)
}

// UnmarshalJSON reads the known fields and keeps the others in Extra.
func (e *Entry) UnmarshalJSON(raw []byte) error {
	type plain Entry
	if err := json.Unmarshal(raw, (*plain)(e)); err != nil {
		return err
	}
	var err error
	e.Extra, err = unknownFields(raw, "name", "uid", "generation", "state", "content")
	return err
}

func marshalWithExtra(known any, extra map[string]json.RawMessage) ([]byte, error) {
	raw, err := json.Marshal(known)
	if err != nil || len(extra) == 0 {
		return raw, err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	all := maps.Clone(extra)
	maps.Copy(all, fields) // a known field is never taken from Extra
	return json.Marshal(all)
}

// unknownFields leaves out every spelling of a known name: the decoder takes them all
// for the same field, and one that were carried on could win over what is written.
func unknownFields(raw []byte, known ...string) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	maps.DeleteFunc(fields, func(name string, _ json.RawMessage) bool {
		return slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) })
	})
	if len(fields) == 0 {
		return nil, nil
	}
	return fields, nil
}
