package suite

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/foyerhq/foyer/internal/catalog"
)

//go:embed texts layout.html
var files embed.FS

// Version names the texts and the layout of this release by their content.
var Version = version()

// languages are those of each message. The first is what those get who read no other.
var languages = []string{"en", "de", "fr"}

// Message is the standard message of an event: a mail.
type Message struct {
	Event string
	// To are the roles that it goes to. It is empty for what goes to one person, whom the
	// event itself names: the holder of a sign-in, or of the address of a secret link.
	To     []string
	Attach []string // Invoice
	Days   []int32  // of a dated event: days since the date that it counts from
	// PerAccount: one mail is about all invoices of an account that fall due at once.
	PerAccount bool
	Texts      []Text // English first
}

// Text is a message in one language. Each of its parts is a template.
type Text struct {
	Locale               string // empty: English, for everybody who reads no other
	Subject, Plain, HTML string
}

// Has says whether there is a message for an event type.
func Has(eventType string) bool {
	return slices.ContainsFunc(recipients, func(m Message) bool { return m.Event == eventType })
}

// Events lists the event types that have a message, sorted.
func Events() []string {
	names := make([]string, len(recipients))
	for i, m := range recipients {
		names[i] = m.Event
	}
	slices.Sort(names)
	return names
}

// About returns the message of an event without its texts, which are large: who makes rules
// of all messages sends few of them.
func About(eventType string) (Message, bool) {
	i := slices.IndexFunc(recipients, func(m Message) bool { return m.Event == eventType })
	if i < 0 {
		return Message{}, false
	}
	m := recipients[i]
	m.To, m.Attach, m.Days = slices.Clone(m.To), slices.Clone(m.Attach), slices.Clone(m.Days)
	return m, true
}

// For returns the message of an event, in the look of a tenant: accent is "#rrggbb", or
// empty for the standard colour.
func For(eventType, accent string) (Message, bool) {
	m, found := About(eventType)
	if !found {
		return Message{}, false
	}
	m.Texts = slices.Clone(texts()[eventType])
	paint := paletteOf(accent).replacer()
	for i := range m.Texts {
		m.Texts[i].HTML = paint.Replace(m.Texts[i].HTML)
	}
	return m, true
}

// texts are those of all messages by event, with names in the place of colours. They are made
// when the first is asked for: most programs only ask which messages there are. The files are
// ours: what is wrong in one is found by the tests.
var texts = sync.OnceValue(func() map[string][]Text {
	all := map[string][]Text{}
	layout := readLayout()
	for _, m := range recipients {
		event, known := catalog.BuiltIn().Lookup(m.Event)
		if !known {
			panic("the standard suite has a message for " + m.Event + ", which is no event")
		}
		of := make([]Text, len(languages))
		for i, language := range languages {
			of[i] = layout.text(event, language)
		}
		of[0].Locale = ""
		all[m.Event] = of
	}
	return all
})

func version() string {
	hash := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		hash.Write([]byte(path + "\n" + read(path)))
		return nil
	})
	if err != nil {
		panic("the standard suite cannot be read: " + err.Error())
	}
	return hex.EncodeToString(hash.Sum(nil))[:12]
}

func read(path string) string {
	text, err := files.ReadFile(path)
	if err != nil {
		panic("the standard suite is not complete: " + err.Error())
	}
	return strings.TrimSpace(string(text))
}
