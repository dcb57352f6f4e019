package cli

import (
	"fmt"
	"strings"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/message/template"
)

// text is one text of an action, filled in.
type text struct {
	field     string // as "text"
	format    template.Format
	extension string // of its file; empty: it has none
	source    string
	filledIn  string
}

// filledMessage is what an action sends, in one language.
type filledMessage struct {
	action v1alpha1.ActionSpec
	index  int    // of the action
	locale string // of a translation; empty: the texts that every account gets without one
	path   string // of the texts in the object
	texts  []text
}

// fillIn fills in the texts of the actions that were asked for.
func fillIn(flags renderFlags, t *v1alpha1.EventTemplate, event catalog.Event, data template.Data) ([]filledMessage, error) {
	var messages []filledMessage
	var names []string
	for i := range t.Spec.Actions {
		action := t.Spec.Actions[i]
		names = append(names, action.Name)
		if flags.action != "" && flags.action != action.Name {
			continue
		}
		all := messagesOf(action, i)
		if flags.locale != "" {
			all = []filledMessage{nearest(all, flags.locale)}
		}
		messages = append(messages, all...)
	}
	if len(messages) == 0 {
		return nil, fmt.Errorf("there is no action %q in EventTemplate %s, there are: %s", flags.action, t.Name, strings.Join(names, ", "))
	}
	for _, m := range messages {
		in := data
		if m.locale != "" && flags.locale == "" {
			in.Locale = m.locale
		}
		for i := range m.texts {
			if err := m.texts[i].fill(m.path, event, in); err != nil {
				return nil, err
			}
		}
	}
	return messages, nil
}

func (t *text) fill(path string, event catalog.Event, data template.Data) error {
	field := path + "." + t.field
	compiled, problems := template.Compile(t.source, t.format, event)
	if len(problems) > 0 {
		return fieldError{field, problems[0]} // lint would have told them all
	}
	filledIn, err := compiled.Render(data)
	if err != nil {
		return fieldError{field, err}
	}
	t.filledIn = filledIn
	return nil
}

// messagesOf lists what an action sends: first its own texts, then the translations.
func messagesOf(action v1alpha1.ActionSpec, index int) []filledMessage {
	path := fmt.Sprintf("spec.actions[%d]", index)
	message := func(path, locale string, texts ...text) filledMessage {
		return filledMessage{action, index, locale, path, texts}
	}
	switch action.Type {
	case v1alpha1.ActionEmail:
		e := action.Email
		messages := []filledMessage{message(path+".email", "", mailTexts(e.Subject, e.Text, e.HTML)...)}
		for i, t := range e.Translations {
			messages = append(messages, message(fmt.Sprintf("%s.email.translations[%d]", path, i), string(t.Locale), mailTexts(t.Subject, t.Text, t.HTML)...))
		}
		return messages
	case v1alpha1.ActionSMS:
		return withTranslations(message, path+".sms", template.SMS, action.SMS.Text, action.SMS.Translations)
	case v1alpha1.ActionBanner:
		return withTranslations(message, path+".banner", template.Banner, action.Banner.Text, action.Banner.Translations)
	case v1alpha1.ActionLog:
		return withTranslations(message, path+".note", template.Note, action.Note.Text, nil)
	case v1alpha1.ActionWebhook:
		if action.Webhook.Body == "" {
			return []filledMessage{message(path+".webhook", "")}
		}
		return []filledMessage{message(path+".webhook", "", text{"body", template.JSON, "json", action.Webhook.Body, ""})}
	}
	return nil
}

func mailTexts(subject, plain, html string) []text {
	texts := []text{{"subject", template.Subject, "", subject, ""}, {"text", template.Plain, "txt", plain, ""}}
	if html != "" {
		texts = append(texts, text{"html", template.HTML, "html", html, ""})
	}
	return texts
}

func withTranslations(message func(path, locale string, texts ...text) filledMessage, path string, format template.Format, own string, translations []v1alpha1.TextTranslation) []filledMessage {
	messages := []filledMessage{message(path, "", text{"text", format, "txt", own, ""})}
	for i, t := range translations {
		messages = append(messages, message(fmt.Sprintf("%s.translations[%d]", path, i), string(t.Locale), text{"text", format, "txt", t.Text, ""}))
	}
	return messages
}

// nearest chooses the translation for an account's language, else the texts without one.
func nearest(messages []filledMessage, wanted string) filledMessage {
	var locales []string
	for _, m := range messages[1:] {
		locales = append(locales, m.locale)
	}
	return messages[1+locale.Nearest(wanted, locales)]
}
