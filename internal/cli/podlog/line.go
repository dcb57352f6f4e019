package podlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Line is a line of a log.
type Line struct {
	Time      time.Time // as the process says, else when it was written
	Pod       string
	Component string // label of the pod
	Level     string // as INFO; empty: it is not a line of Foyer's
	Message   string
	Keys      []Key // the others, in the order of the line
	Raw       string

	written time.Time // by the container, as the kubelet says
}

// Key is a value of a line, text as it is and all else as JSON.
type Key struct{ Name, Value string }

// Value is that of a key; empty: the line has none.
func (l Line) Value(name string) string {
	for _, k := range l.Keys {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// parse reads a line that begins with the time of the kubelet.
func parse(pod, component, text string) Line {
	l := Line{Pod: pod, Component: component, Raw: text}
	if stamp, rest, found := strings.Cut(text, " "); found || stamp != "" {
		if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
			l.written, l.Raw = at, rest
		}
	}
	l.Time, l.Message = l.written, l.Raw
	if strings.HasPrefix(l.Raw, "{") {
		if err := l.decode(); err != nil {
			l.Level, l.Keys, l.Message, l.Time = "", nil, l.Raw, l.written
		}
	}
	return l
}

// decode reads the object token by token, because its order is that of whoever wrote it.
func (l *Line) decode() error {
	decoder := json.NewDecoder(strings.NewReader(l.Raw))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	l.Message = ""
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return err
		}
		l.take(fmt.Sprint(name), plain(value))
	}
	_, err := decoder.Token()
	return err
}

func (l *Line) take(name, value string) {
	switch name {
	case "time":
		if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
			l.Time = at
		}
	case "level":
		l.Level = value
	case "msg":
		l.Message = value
	case "component": // the label of the pod says so
	default:
		l.Keys = append(l.Keys, Key{name, value})
	}
}

func plain(value json.RawMessage) string {
	var text string
	if bytes.HasPrefix(value, []byte(`"`)) && json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}
