package backoffice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// registerSettings adds what applies to accounts, and why.
func (a *api) registerSettings() {
	tag := a.tag("Settings", "What applies to accounts, and which layer decided it.")
	operation := func(path, id, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Description: description, Tags: []string{tag}}
	}
	handle(a, "settings:read", operation("/api/v1/accounts/{id}/settings", "getAccountSettings", "Read what applies to an account",
		"Every attribute and feature with its value, its source and the name of the source. The entity tag changes with the account and with the settings of the tenant."),
		a.accountSettings)
	handle(a, "settings:read", operation("/api/v1/settings", "listSettings", "Read what applies to many accounts",
		"A page of accounts, each with every attribute and feature. updatedSince tells changed accounts only: a changed profile shows by another settingsDigest, "+
			"and in /events as settings.changed. Ids that are no accounts are left out."),
		func(ctx context.Context, in *SettingsInput) (*listOutput[integration.AccountSettings], error) {
			return a.manySettings(ctx, *in)
		})
	handle(a, "settings:read", operation("/api/v1/settings/usage", "getSettingsUsage", "Count who sets what",
		"Of every attribute, how many accounts set it themselves, how many inherit it, and from where."), a.settingsUsage)
}

type settingsOutput struct {
	Status int
	ETag   string `header:"ETag" doc:"The entity tag, for If-None-Match."`
	Body   integration.AccountSettings
}

func (a *api) accountSettings(ctx context.Context, in *oneInput) (*settingsOutput, error) {
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	account, err := a.Store.Account(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	tag := a.settingsTag(live, account.Version)
	if matches(in.IfNoneMatch, tag) {
		return &settingsOutput{Status: http.StatusNotModified, ETag: tag}, nil
	}
	return &settingsOutput{Status: http.StatusOK, ETag: tag, Body: describe(live, &account)}, nil
}

// settingsTag is the entity tag of all that decides over the settings of an account: its
// row, the settings document, and the release with its built-in values.
func (a *api) settingsTag(live *config.Live, version int64) string {
	sum := sha256.Sum256([]byte(live.Digest + "\n" + a.Version))
	return fmt.Sprintf(`"v%d-%s"`, version, hex.EncodeToString(sum[:8]))
}

// SettingsInput says which accounts. Exported, because huma fills in no others.
type SettingsInput struct {
	IDs []string `query:"ids" maxItems:"1000" doc:"These accounts: ids with a comma between. Ids that have a comma themselves are read one by one."`
	AccountsInput
}

func (a *api) manySettings(ctx context.Context, in SettingsInput) (*listOutput[integration.AccountSettings], error) {
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	return accountPage(ctx, a, "settings", in.AccountsInput, in.IDs, func(r *store.Account) integration.AccountSettings { return describe(live, r) })
}

// documentAccount is what a settings document must know of an account.
func documentAccount(r *store.Account) config.Account {
	return config.Account{ID: r.ID, AccountProfile: r.AccountProfile, MyAccountProfile: r.MyAccountProfile, Groups: r.Groups, Attributes: r.Attributes}
}

func describe(live *config.Live, r *store.Account) integration.AccountSettings {
	effective := live.For(documentAccount(r))
	answer := integration.AccountSettings{
		AccountID:      r.ID,
		Status:         string(r.Status),
		AccountProfile: *applied(live, r.ID, effective, effective.AccountProfile),
		HasPortal:      effective.HasPortal(),
		SettingsDigest: live.Digest,
	}
	if effective.MyAccountProfile.Name != "" {
		answer.MyAccountProfile = applied(live, r.ID, effective, effective.MyAccountProfile)
	}
	for _, s := range effective.Attributes.List() {
		answer.Attributes = append(answer.Attributes, integration.AppliedSetting{
			Key: s.Key, Value: s.Value, Source: string(s.Source), SourceName: s.SourceName,
		})
	}
	// The owner holds every feature that the profile allows: this is the account's most.
	owner := settings.Person{Owner: true, Status: r.Status}
	for _, info := range settings.FeatureRegistry() {
		answer.Features = append(answer.Features, integration.AppliedFeature{
			Feature:    string(info.Feature),
			Decision:   string(settings.Permit(info.Feature, effective.Features, owner)),
			Source:     "MyAccountProfile",
			SourceName: effective.MyAccountProfile.Name,
		})
	}
	return answer
}

func applied(live *config.Live, accountID string, effective config.Effective, p config.Profile) *integration.AppliedProfile {
	names := map[config.ProfileSource]string{
		config.ByAccount: accountID, config.ByCustomer: accountID, config.ByTenant: live.Name, config.ByAccountProfile: effective.AccountProfile.Name,
	}
	return &integration.AppliedProfile{
		Name: p.Name, DisplayName: p.DisplayName, Source: string(p.Source), SourceName: names[p.Source], Unknown: p.Unknown,
	}
}
