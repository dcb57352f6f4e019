package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/foyerhq/foyer/internal/catalog"
)

// readPayload reads what the texts are filled in with. A payload that is not one of the
// event is told with all its problems.
func readPayload(flags renderFlags, event catalog.Event, streams Streams) (map[string]any, error) {
	if flags.event == "" {
		return decodePayload("the sample of "+event.Name, event.Sample)
	}
	content, err := readPayloadFile(flags, streams)
	if err != nil {
		return nil, err
	}
	payload, err := decodePayload(flags.event, content)
	if err != nil {
		return nil, err
	}
	problems := event.CheckPayload(payload)
	for _, p := range problems {
		if _, err := fmt.Fprintf(streams.Out, "%s %s %s\n", streams.coloured(bold, flags.event+":"), streams.coloured(colours["error"], "error:"), p.Error()); err != nil {
			return nil, err
		}
	}
	if len(problems) > 0 {
		return nil, errFindings
	}
	return payload, nil
}

func readPayloadFile(flags renderFlags, streams Streams) ([]byte, error) {
	if flags.event != "-" {
		content, err := os.ReadFile(flags.event)
		if err != nil {
			return nil, fmt.Errorf("read the payload: %w", err)
		}
		return content, nil
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
	return content, nil
}

// decodePayload reads JSON by the rules of package catalog: numbers as they are written.
func decodePayload(name string, content []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	payload := map[string]any{}
	if err := decoder.Decode(&payload); err != nil {
		return nil, fmt.Errorf("%s is not an object in JSON: %w", name, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s has more than one object in JSON", name)
	}
	return payload, nil
}
