package plan

import (
	"errors"
	"fmt"
	"sync"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/catalog/suite"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/message"
	"github.com/foyerhq/foyer/internal/message/condition"
	"github.com/foyerhq/foyer/internal/message/template"
)

// texts are the texts of an action in one language. Those that its channel has not are nil.
type texts struct {
	locale        string // of a translation
	subject, html *template.Template
	text          *template.Template // of a mail, text message, banner or note, or the body of a webhook
}

// nearest chooses the texts for a reader.
func nearest(all []texts, wanted string) texts {
	tags := make([]string, 0, len(all)-1)
	for _, t := range all[1:] {
		tags = append(tags, t.locale)
	}
	return all[1+locale.Nearest(wanted, tags)]
}

// compiler compiles each text and condition of a document once for each event that it is used
// for, and not at all where the document before had it.
type compiler struct {
	bodies     map[config.BodyRef]string
	compiled   map[textKey]compiledText
	conditions map[conditionKey]compiledCondition
	before     *compiler // nil: there was none
}

type conditionKey struct{ event, source string }

type compiledCondition struct {
	condition *condition.Condition
	problems  []message.Problem
}

type textKey struct {
	event  string
	format template.Format
	body   config.BodyRef
}

type compiledText struct {
	template *template.Template
	problems []message.Problem
}

func newCompiler(bodies map[config.BodyRef]string) *compiler {
	return &compiler{bodies: bodies, compiled: map[textKey]compiledText{}, conditions: map[conditionKey]compiledCondition{}}
}

// done lets go of what is not needed when all is compiled.
func (c *compiler) done() { c.bodies, c.before = nil, nil }

// condition compiles a condition.
func (c *compiler) condition(source string, event catalog.Event) (*condition.Condition, []message.Problem) {
	key := conditionKey{event.Name, source}
	found, known := c.conditions[key]
	if !known && c.before != nil {
		found, known = c.before.conditions[key]
	}
	if !known {
		found.condition, found.problems = condition.Compile(source, event)
	}
	c.conditions[key] = found
	return found.condition, found.problems
}

// text compiles one text; nil without an error: there is none.
func (c *compiler) text(name string, body config.BodyRef, format template.Format, event catalog.Event) (*template.Template, error) {
	if body == "" {
		return nil, nil
	}
	key := textKey{event.Name, format, body}
	found, known := c.compiled[key]
	if !known && c.before != nil {
		found, known = c.before.compiled[key]
	}
	if !known {
		found.template, found.problems = template.Compile(c.bodies[body], format, event)
	}
	c.compiled[key] = found
	if len(found.problems) > 0 {
		return nil, fmt.Errorf("%s: %w", name, found.problems[0])
	}
	return found.template, nil
}

// texts compiles what an action says: none if its own texts cannot be run. A translation
// that cannot be run is left out: its readers get the action's own texts.
func (c *compiler) texts(a config.Action, event catalog.Event) ([]texts, error) {
	switch {
	case a.Email != nil:
		e := a.Email
		own := c.mail("", e.Subject, e.Text, e.HTML, event)
		for _, t := range e.Translations {
			own.add(c.mail(t.Locale, t.Subject, t.Text, t.HTML, event))
		}
		return own.all()
	case a.SMS != nil:
		return c.short(template.SMS, a.SMS.Text, a.SMS.Translations, event)
	case a.Banner != nil:
		return c.short(template.Banner, a.Banner.Text, a.Banner.Translations, event)
	case a.Note != nil:
		return c.short(template.Note, a.Note.Text, nil, event)
	case a.Webhook != nil:
		return c.short(template.JSON, a.Webhook.Body, nil, event)
	}
	return nil, errors.New("its type is not known, it was left out")
}

// languages collects the texts of an action, and what was wrong with some of them.
type languages struct {
	texts []texts
	errs  []error
}

func (l *languages) add(other languages) {
	l.texts, l.errs = append(l.texts, other.texts...), append(l.errs, other.errs...)
}

func (l *languages) all() ([]texts, error) {
	if len(l.texts) == 0 || l.texts[0].locale != "" {
		return nil, fmt.Errorf("%w, it was left out", errors.Join(l.errs...))
	}
	return l.texts, errors.Join(l.errs...)
}

func (c *compiler) mail(tag string, subject, plain, html config.BodyRef, event catalog.Event) languages {
	t, prefix := texts{locale: tag}, inLanguage(tag)
	var errs [3]error
	t.subject, errs[0] = c.text(prefix+"subject", subject, template.Subject, event)
	t.text, errs[1] = c.text(prefix+"text", plain, template.Plain, event)
	t.html, errs[2] = c.text(prefix+"html", html, template.HTML, event)
	if err := errors.Join(errs[:]...); err != nil {
		return languages{errs: []error{err}}
	}
	return languages{texts: []texts{t}}
}

func (c *compiler) short(format template.Format, own config.BodyRef, translations []config.TextTranslation, event catalog.Event) ([]texts, error) {
	var l languages
	one := func(tag string, body config.BodyRef) {
		t, err := c.text(inLanguage(tag)+"text", body, format, event)
		if err != nil {
			l.errs = append(l.errs, err)
			return
		}
		l.texts = append(l.texts, texts{locale: tag, text: t})
	}
	one("", own)
	for _, t := range translations {
		one(t.Locale, t.Text)
	}
	return l.all()
}

func inLanguage(tag string) string {
	if tag == "" {
		return ""
	}
	return "translation " + tag + ", "
}

// standardTexts compiles a standard message when it is first needed, in the colour of a tenant.
func standardTexts(event catalog.Event, accent string) func() ([]texts, error) {
	return sync.OnceValues(func() ([]texts, error) {
		m, _ := suite.For(event.Name, accent)
		var all []texts
		for _, t := range m.Texts {
			made := texts{locale: t.Locale}
			for _, part := range []struct {
				source string
				format template.Format
				into   **template.Template
			}{{t.Subject, template.Subject, &made.subject}, {t.Plain, template.Plain, &made.text}, {t.HTML, template.HTML, &made.html}} {
				compiled, problems := template.Compile(part.source, part.format, event)
				if len(problems) > 0 {
					return nil, fmt.Errorf("standard message of %s in %q, %s: %w", event.Name, t.Locale, part.format, problems[0])
				}
				*part.into = compiled
			}
			all = append(all, made)
		}
		return all, nil
	})
}
