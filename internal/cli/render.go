package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/cli/lint"
	"github.com/foyerhq/foyer/internal/cli/reach"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/message/condition"
	"github.com/foyerhq/foyer/internal/message/template"
	"github.com/foyerhq/foyer/internal/settings"
)

type renderFlags struct {
	sourceFlags
	target    targetFlags
	account   string
	eventType string
	output    string
	name      string
	action    string
	event     string
	locale    string
	currency  string
	timeZone  string
	out       string
}

func newRender(streams Streams, forward reach.Forward) *cobra.Command {
	flags := renderFlags{}
	command := &cobra.Command{
		Use:   "render -f FILE ... | --account ID",
		Short: "Fill in the texts of an event template, or of what an account would get",
		Long: `Fill in the texts of an event template with the sample of its event, or with a payload
of your own, and say whether its condition holds. Nothing is sent.

Amounts and dates are written as for an account of the tenant, if its Tenant is in the
files. Without --locale every translation is shown, with it the one that an account of
this language gets.

With --account the API of the tenant is asked what the people of an account would get for an
event: with their names and addresses, their language, and the standard messages where there
is no template. With -f too it is told of objects that are not applied yet.`,
		Example: `  # with the sample of its event
  kubectl foyer render -f reminder.yaml

  # one action of one template, as a German account of this tenant reads it
  kubectl foyer render -f tenant.yaml -f templates/ --name reminder --action second --locale de-DE

  # with a payload of your own, which begins as the sample of the event
  kubectl foyer events invoice.unpaid -o json | jq .sample > payload.json
  kubectl foyer render -f reminder.yaml --event payload.json

  # as files, to look at the HTML in a browser
  kubectl foyer render -f reminder.yaml --out /tmp/mails

  # what account 10001 would get for a new invoice
  kubectl foyer render --account 10001 --event-type invoice.issued -n acme`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if flags.account != "" {
				return runRenderAccount(command, flags, streams, forward)
			}
			for _, name := range ofAccount {
				if command.Flags().Changed(name) {
					return fmt.Errorf("--%s is for --account, as --account 10001", name)
				}
			}
			flags.namespace = cmp.Or(flags.target.cluster.Namespace, "default")
			return runRender(flags, streams)
		},
	}
	flags.addFiles(command)
	flags.target.add(command)
	command.Flags().StringVar(&flags.account, "account", "", "id of the account whose messages to fill in, by the API of the tenant")
	command.Flags().StringVar(&flags.eventType, "event-type", "invoice.unpaid", "with --account: the event")
	command.Flags().StringVarP(&flags.output, "output", "o", "text", "with --account: how to print it, text or json")
	complete(command, "output", values("text", "json"))
	command.Flags().StringVar(&flags.name, "name", "", "name of the EventTemplate, where the files have several")
	command.Flags().StringVar(&flags.action, "action", "", "name of the only action to fill in")
	command.Flags().StringVar(&flags.event, "event", "", "file with the payload as JSON, - for standard input; the sample of the event if not set")
	command.Flags().StringVar(&flags.locale, "locale", "", "language of the account, as de-DE; the Tenant's if not set, else en")
	command.Flags().StringVar(&flags.currency, "currency", "", "currency of amounts that have none of their own, as EUR; the Tenant's if not set")
	command.Flags().StringVar(&flags.timeZone, "time-zone", "", "time zone of the account, as Europe/Berlin; the Tenant's if not set, else UTC")
	command.Flags().StringVar(&flags.out, "out", "", "directory for the texts as files; it is made if it is not there")
	return command
}

func runRender(flags renderFlags, streams Streams) error {
	chosen, err := chooseTemplate(flags, streams)
	if err != nil {
		return err
	}
	event, known := catalogOf(chosen.tenant).Lookup(chosen.template.Object.Spec.Event)
	if !known {
		return fmt.Errorf("the event %s is declared by a Tenant: add the file of it, as -f tenant.yaml", chosen.template.Object.Spec.Event)
	}
	payload, err := readPayload(flags, event, streams)
	if err != nil {
		return err
	}
	data, err := flags.data(chosen.tenant, payload)
	if err != nil {
		return err
	}
	holds, err := evaluate(chosen.template.Object.Spec.When, event, payload)
	if err != nil {
		return chosen.tell(streams, err)
	}
	messages, err := fillIn(flags, chosen.template.Object, event, data)
	if err != nil {
		return chosen.tell(streams, err)
	}
	page := renderedPage{template: chosen.template, event: event, holds: holds, messages: messages}
	if flags.out != "" {
		return page.write(flags.out, streams)
	}
	return page.print(streams)
}

// chosenTemplate is the template to fill in, with its tenant if that is in the files.
type chosenTemplate struct {
	template lint.Entry[v1alpha1.EventTemplate]
	tenant   *v1alpha1.Tenant
}

// tell makes a finding of the template of what is about one of its fields.
func (c chosenTemplate) tell(streams Streams, err error) error {
	var at fieldError
	if !errors.As(err, &at) {
		return err
	}
	return complain(streams, lint.Finding{
		File: c.template.File, Line: c.template.LineOf(at.field), Kind: c.template.Kind, Name: c.template.Name,
		Field: at.field, Message: at.err.Error(),
	})
}

// fieldError is why a field of a template cannot be filled in with a payload.
type fieldError struct {
	field string
	err   error
}

func (e fieldError) Error() string { return e.field + ": " + e.err.Error() }

func chooseTemplate(flags renderFlags, streams Streams) (chosenTemplate, error) {
	set, err := flags.read(streams)
	if err != nil {
		return chosenTemplate{}, err
	}
	result, err := lint.Check(set, lint.Options{Namespace: flags.namespace})
	if err != nil {
		return chosenTemplate{}, err
	}
	if err := refuse(streams, result, func(f lint.Finding) bool { return f.Kind == "" }); err != nil {
		return chosenTemplate{}, err
	}
	found, err := pick(result.Templates, flags.name)
	if err != nil {
		return chosenTemplate{}, err
	}
	chosen := chosenTemplate{template: found}
	tenantName := found.TenantName()
	concerns := func(f lint.Finding) bool {
		return f.Namespace == found.Namespace && (f.Kind == found.Kind && f.Name == found.Name || f.Kind == "Tenant" && f.Name == tenantName)
	}
	if err := refuse(streams, result, concerns); err != nil {
		return chosenTemplate{}, err
	}
	for _, t := range result.Tenants {
		if t.Namespace == found.Namespace && t.Name == tenantName {
			chosen.tenant = t.Object
		}
	}
	return chosen, nil
}

func pick(templates []lint.Entry[v1alpha1.EventTemplate], name string) (lint.Entry[v1alpha1.EventTemplate], error) {
	var names []string
	for _, t := range templates {
		if t.Name == name || name == "" && len(templates) == 1 {
			return t, nil
		}
		names = append(names, t.Name)
	}
	none := lint.Entry[v1alpha1.EventTemplate]{}
	switch {
	case len(templates) == 0:
		return none, fmt.Errorf("there is no EventTemplate in these files")
	case name == "":
		return none, fmt.Errorf("there are %d EventTemplates in these files, choose one by --name: %s", len(templates), strings.Join(names, ", "))
	}
	return none, fmt.Errorf("there is no EventTemplate %q in these files, there are: %s", name, strings.Join(names, ", "))
}

// data says how values are written: as for an account with these attributes.
func (f renderFlags) data(tenant *v1alpha1.Tenant, payload map[string]any) (template.Data, error) {
	account := settings.Attributes{Locale: f.locale, Currency: f.currency, TimeZone: f.timeZone}
	flagNames := map[string]string{"locale": "--locale", "currency": "--currency", "timeZone": "--time-zone"}
	for _, p := range account.Validate() {
		return template.Data{}, fmt.Errorf("%s: %s", flagNames[p.Field], p.Message)
	}
	own := settings.Attributes{}
	if tenant != nil {
		a := tenant.Spec.Attributes
		own = settings.Attributes{Locale: a.Locale, Currency: a.Currency, TimeZone: a.TimeZone}
	}
	resolved := settings.Resolve(
		settings.Layer{Source: settings.SourceAccount, Attributes: account},
		settings.Layer{Source: settings.SourceTenant, Attributes: own},
	)
	return template.Data{
		Payload: payload, Locale: resolved.Locale.Value, Currency: resolved.Currency.Value,
		Zone: config.Location(resolved.TimeZone.Value),
	}, nil
}

// evaluate says whether the template fires for the payload.
func evaluate(when string, event catalog.Event, payload map[string]any) (bool, error) {
	if when == "" {
		return true, nil
	}
	compiled, problems := condition.Compile(when, event)
	if len(problems) > 0 {
		return false, fieldError{"spec.when", problems[0]} // lint would have told them all
	}
	holds, err := compiled.Holds(payload)
	if err != nil {
		return false, fieldError{"spec.when", err}
	}
	return holds, nil
}
