package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/cli/lint"
	"github.com/foyerhq/foyer/internal/message/template"
)

// renderedPage is a template that was filled in.
type renderedPage struct {
	template lint.Entry[v1alpha1.EventTemplate]
	event    catalog.Event
	holds    bool
	messages []filledMessage
}

// print shows everything that people read, and HTML by its size.
func (p renderedPage) print(streams Streams) error {
	var out strings.Builder
	p.head(&out, streams)
	for _, m := range p.messages {
		out.WriteString("\n" + streams.coloured(bold, m.title()) + "\n")
		m.addressing(&out)
		for _, t := range m.texts {
			t.print(&out)
		}
	}
	_, err := io.WriteString(streams.Out, out.String())
	return err
}

// head says what it is, and whether it would fire.
func (p renderedPage) head(out *strings.Builder, streams Streams) {
	spec := p.template.Object.Spec
	fmt.Fprintf(out, "%s (%s): %s\n", streams.coloured(bold, "EventTemplate/"+p.template.Name), p.template.Place(), spec.Event)
	var profiles []string
	for _, ref := range spec.AccountProfileRefs {
		profiles = append(profiles, ref.Name)
	}
	fmt.Fprintf(out, "For accounts of: %s\n", strings.Join(profiles, ", "))
	switch {
	case spec.When == "":
		out.WriteString("Condition: none, it fires for every event\n")
	case p.holds:
		fmt.Fprintf(out, "Condition: %s\n  holds here: it would fire\n", oneLine(spec.When))
	default:
		fmt.Fprintf(out, "Condition: %s\n  does not hold here: it would not fire\n", oneLine(spec.When))
	}
	if p.event.Anchor != "" {
		at, days := "09:00", "every day"
		if spec.Schedule.At != "" {
			at = spec.Schedule.At
		}
		if spec.Schedule.Days == v1alpha1.ScheduleBusinessDays {
			days = "moved from weekends to Monday"
		}
		fmt.Fprintf(out, "Schedule: at %s, %s, counted from %s\n", at, days, p.event.Anchor)
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// title names the action, as "reminder (Email), day 3, de:".
func (m filledMessage) title() string {
	title := fmt.Sprintf("%s (%s)", m.action.Name, m.action.Type)
	if m.action.State == v1alpha1.ActionDisabled {
		title += ", Disabled: it does not fire"
	}
	if days := daysOf(m.action); days != "" {
		title += ", " + days
	}
	if m.locale != "" {
		title += ", in " + m.locale
	}
	return title
}

// daysOf says when a dated action fires, as "days 3, 10, then every 7 days, 3 times at most".
func daysOf(action v1alpha1.ActionSpec) string {
	if len(action.Days) == 0 {
		return ""
	}
	var days []string
	for _, d := range action.Days {
		days = append(days, fmt.Sprint(d))
	}
	text := choose(len(days) == 1, "day ", "days ") + strings.Join(days, ", ")
	if action.RepeatEveryDays > 0 {
		text += fmt.Sprintf(", then every %s, %s at most", plural(int(action.RepeatEveryDays), "day"), plural(int(action.MaxRepeats), "time"))
	}
	return text
}

func (m filledMessage) addressing(out *strings.Builder) {
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(out, "%s: %s\n", name, value)
		}
	}
	switch m.action.Type {
	case v1alpha1.ActionEmail:
		e := m.action.Email
		line("From", e.From)
		line("To", join(e.To))
		line("Cc", join(e.CC))
		line("Bcc", join(e.BCC))
		line("Priority", string(e.Priority))
		line("Attached", join(e.Attach))
	case v1alpha1.ActionSMS:
		line("To", join(m.action.SMS.To))
	case v1alpha1.ActionWebhook:
		line("URL", m.action.Webhook.URL)
		if m.action.Webhook.Body == "" {
			line("Body", "the event itself")
		}
	}
	line("Log", string(m.action.Log))
}

func join[T ~string](values []T) string {
	var texts []string
	for _, v := range values {
		texts = append(texts, string(v))
	}
	return strings.Join(texts, ", ")
}

func (t text) print(out *strings.Builder) {
	switch t.format {
	case template.Subject:
		fmt.Fprintf(out, "Subject: %s\n", t.filledIn)
	case template.HTML:
		fmt.Fprintf(out, "\nHTML: %s, which --out writes to a file\n", plural(len(t.filledIn), "byte"))
	case template.SMS:
		fmt.Fprintf(out, "Length: %s\n\n%s\n", lengthOf(t.filledIn), indent(t.filledIn))
	default:
		fmt.Fprintf(out, "\n%s\n", indent(strings.TrimRight(t.filledIn, "\n")))
	}
}

// lengthOf is what a text message costs: providers charge by the segment.
func lengthOf(sms string) string {
	return fmt.Sprintf("%s, %s", plural(utf8.RuneCountInString(sms), "character"), plural(template.Segments(sms), "segment"))
}

// write makes a file of each text, and prints what has none: condition, subjects and
// the paths.
func (p renderedPage) write(directory string, streams Streams) error {
	if err := os.MkdirAll(directory, 0o750); err != nil {
		return fmt.Errorf("make the directory for the texts: %w", err)
	}
	var out strings.Builder
	p.head(&out, streams)
	for _, m := range p.messages {
		out.WriteString("\n" + streams.coloured(bold, m.title()) + "\n")
		for _, t := range m.texts {
			if t.extension == "" {
				t.print(&out)
				continue
			}
			path := filepath.Join(directory, m.fileName(t.extension))
			if err := writeNew(path, t.filledIn); err != nil {
				return fmt.Errorf("write a text: %w", err)
			}
			out.WriteString(path)
			if t.format == template.SMS {
				fmt.Fprintf(&out, " (%s)", lengthOf(t.filledIn))
			}
			out.WriteString("\n")
		}
	}
	_, err := io.WriteString(streams.Out, out.String())
	return err
}

// writeNew puts a new file in the place of what is there: a link is replaced, and what it
// leads to stays as it is.
func writeNew(path, text string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".foyer-*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// fileName is the action's name, with the language of a translation, as reminder.de.html.
func (m filledMessage) fileName(extension string) string {
	if m.locale == "" {
		return m.action.Name + "." + extension
	}
	return m.action.Name + "." + m.locale + "." + extension
}
