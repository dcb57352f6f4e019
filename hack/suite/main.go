// Command suite fills in every message of the standard suite, in every language, to look at
// them in a browser: with the sample of the event, without anything that may be missing,
// and in some states that read differently.
//
//	go run ./hack/suite -out .state/suite -accent '#0a5fb4'
package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"html/template"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/catalog/suite"
	mail "github.com/foyerhq/foyer/internal/message/template"
)

func main() {
	out := flag.String("out", ".state/suite", "the folder that gets the messages and index.html")
	accent := flag.String("accent", "", "the colour of the tenant, as #0a5fb4")
	flag.Parse()
	if err := run(*out, *accent); err != nil {
		log.Fatal(err)
	}
}

// shown is a message in the index.
type shown struct{ Event, State, Language, Subject, File string }

func run(out, accent string) error {
	if err := os.MkdirAll(out, 0o750); err != nil {
		return err
	}
	var all []shown
	for _, name := range suite.Events() {
		event, _ := catalog.BuiltIn().Lookup(name)
		m, _ := suite.For(name, accent)
		for _, s := range statesOf(name) {
			payload, err := s.payload(event)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", name, s.name, err)
			}
			for _, text := range m.Texts {
				made, err := fill(out, event, text, s.name, payload)
				if err != nil {
					return fmt.Errorf("%s, %s, %s: %w", name, s.name, text.Locale, err)
				}
				all = append(all, made)
			}
		}
	}
	var page bytes.Buffer
	if err := index.Execute(&page, all); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "index.html"), page.Bytes(), 0o600)
}

// fill writes one message as EVENT.STATE.LANGUAGE.html and .txt.
func fill(out string, event catalog.Event, text suite.Text, state string, payload map[string]any) (shown, error) {
	language := cmp.Or(text.Locale, "en")
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return shown{}, err
	}
	data := mail.Data{Payload: payload, Locale: language, Zone: zone, Currency: "EUR"}
	rendered := map[mail.Format]string{}
	for format, source := range map[mail.Format]string{mail.Subject: text.Subject, mail.Plain: text.Plain, mail.HTML: text.HTML} {
		t, problems := mail.Compile(source, format, event)
		if len(problems) > 0 {
			return shown{}, fmt.Errorf("%s: %w", format, problems[0])
		}
		if rendered[format], err = t.Render(data); err != nil {
			return shown{}, fmt.Errorf("%s: %w", format, err)
		}
	}
	name := event.Name + "." + state + "." + language
	plain := "Subject: " + rendered[mail.Subject] + "\n\n" + rendered[mail.Plain]
	if err := os.WriteFile(filepath.Join(out, name+".txt"), []byte(plain), 0o600); err != nil {
		return shown{}, err
	}
	return shown{event.Name, state, language, rendered[mail.Subject], name}, os.WriteFile(filepath.Join(out, name+".html"), []byte(rendered[mail.HTML]), 0o600)
}

var index = template.Must(template.New("index").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>The standard suite</title>
<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem}td,th{padding:.2rem 1rem .2rem 0;text-align:left}</style></head>
<body><h1>The standard suite</h1><table><tr><th>event</th><th>state</th><th>language</th><th>subject</th><th></th></tr>
{{range .}}<tr><td>{{.Event}}</td><td>{{.State}}</td><td>{{.Language}}</td><td><a href="{{.File}}.html">{{.Subject}}</a></td><td><a href="{{.File}}.txt">plain</a></td></tr>
{{end}}</table></body></html>
`))
