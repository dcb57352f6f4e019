package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/cli/lint"
	"github.com/foyerhq/foyer/internal/cli/manifest"
)

// readPayload reads what the texts are filled in with. A payload that is not one of the
// event is told with all its problems.
func readPayload(flags renderFlags, event catalog.Event, streams Streams) (map[string]any, error) {
	if flags.event == "" {
		return decodePayload(event.Sample)
	}
	content, err := readPayloadFile(flags, streams)
	if err != nil {
		return nil, err
	}
	name := flags.event
	if name == "-" {
		name = manifest.Stdin
	}
	payload, err := decodePayload(content)
	if err != nil {
		return nil, complain(streams, lint.Finding{File: name, Message: err.Error()})
	}
	err = nil
	for _, p := range event.CheckPayload(payload) {
		err = complain(streams, lint.Finding{File: name, Message: p.Error()})
	}
	return payload, err
}

func readPayloadFile(flags renderFlags, streams Streams) ([]byte, error) {
	if flags.event != "-" {
		content, err := os.ReadFile(flags.event)
		if err != nil {
			return nil, fmt.Errorf("read the payload: %w", err)
		}
		return notEmpty(flags.event, content)
	}
	for _, f := range flags.files {
		if f == "-" {
			return nil, errors.New("standard input cannot be both, objects and payload: write one of them to a file")
		}
	}
	content, err := io.ReadAll(streams.In)
	if err != nil {
		return nil, fmt.Errorf("read the payload from standard input: %w", err)
	}
	return notEmpty("standard input", content)
}

// notEmpty: nothing is what a command leaves that has failed.
func notEmpty(name string, content []byte) ([]byte, error) {
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, fmt.Errorf("there is nothing in %s", name)
	}
	return content, nil
}

// decodePayload reads JSON by the rules of package catalog: numbers as they are written.
func decodePayload(content []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	var payload any
	if err := decoder.Decode(&payload); err != nil {
		return nil, fmt.Errorf("this is not JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one value in it, and must be one object")
	}
	object, isObject := payload.(map[string]any)
	if !isObject {
		return nil, errors.New("this is no object, but another value of JSON: write it as {\"invoice\": {...}, ...}, as `kubectl foyer events NAME` shows in its sample")
	}
	return object, nil
}
