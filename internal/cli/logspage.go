package cli

import (
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"

	"github.com/foyerhq/foyer/internal/cli/podlog"
)

// logLine writes a line as people read it, or as it was written.
func logLine(streams Streams, line podlog.Line, output string) string {
	if output == "json" {
		return rawLine(line) + "\n"
	}
	var out strings.Builder
	out.WriteString(streams.coloured(dim, line.Time.UTC().Format("2006-01-02 15:04:05.000")))
	out.WriteString(" " + streams.coloured(cyan, line.Component+"/"+shortPod(line.Pod)) + " ")
	if line.Level != "" {
		out.WriteString(streams.coloured(levelColour(line.Level), padded(line.Level, len("ERROR"))) + " ")
	}
	out.WriteString(line.Message)
	for _, k := range line.Keys {
		out.WriteString(" " + streams.coloured(dim, k.Name+"=") + readable(k.Value))
	}
	return out.String() + "\n"
}

// rawLine is JSON in any case, so that a script can go on behind what is none.
func rawLine(line podlog.Line) string {
	if json.Valid([]byte(line.Raw)) && strings.HasPrefix(line.Raw, "{") {
		return line.Raw
	}
	text, err := json.Marshal(map[string]any{"time": line.Time.UTC(), "component": line.Component, "pod": line.Pod, "msg": line.Raw})
	if err != nil { // a time is not one of the calendar
		return strconv.Quote(line.Raw)
	}
	return string(text)
}

// shortPod is the part of a pod's name that tells it from others of its component.
func shortPod(name string) string { return name[strings.LastIndexByte(name, '-')+1:] }

func padded(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-len(text)))
}

func levelColour(text string) string {
	level, _ := levelOf(text)
	switch {
	case level >= slog.LevelError:
		return red
	case level >= slog.LevelWarn:
		return yellow
	case level < slog.LevelInfo:
		return dim
	}
	return green
}

// readable puts a value in quotes that would not end where it ends.
func readable(value string) string {
	if value == "" || strings.ContainsAny(value, " \t\n\"=") && !strings.HasPrefix(value, "{") && !strings.HasPrefix(value, "[") {
		return strconv.Quote(value)
	}
	return value
}
