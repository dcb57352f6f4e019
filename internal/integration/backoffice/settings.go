package backoffice

import (
	"net/http"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// accountSettings answers with everything that applies to an account, and why.
func (a *api) accountSettings(w http.ResponseWriter, r *http.Request) {
	live := a.Settings()
	if live == nil {
		writeProblem(w, r, problem(http.StatusServiceUnavailable, "the settings of the tenant are not loaded yet, try again later"))
		return
	}
	id := r.PathValue("id")
	accounts, err := a.Store.AccountsByID(r.Context(), []string{id})
	if err != nil {
		writeProblem(w, r, a.failure(r.Context(), err))
		return
	}
	account, known := accounts[id]
	if !known {
		writeProblem(w, r, problem(http.StatusNotFound, "there is no account with this id"))
		return
	}
	writeJSON(w, describe(live, account))
}

func describe(live *config.Live, account store.AccountView) integration.AccountSettings {
	effective := live.For(account.Account)
	answer := integration.AccountSettings{
		AccountID:      account.ID,
		Status:         string(account.Status),
		AccountProfile: *applied(live, account, effective.AccountProfile),
		HasPortal:      effective.HasPortal(),
		SettingsDigest: live.Digest,
	}
	if effective.MyAccountProfile.Name != "" {
		answer.MyAccountProfile = applied(live, account, effective.MyAccountProfile)
	}
	for _, s := range effective.Attributes.List() {
		answer.Attributes = append(answer.Attributes, integration.AppliedSetting{
			Key: s.Key, Value: s.Value, Source: string(s.Source), SourceName: s.SourceName,
		})
	}
	// The owner holds every feature that the profile allows: this is the account's most.
	owner := settings.Person{Owner: true, Status: account.Status}
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

func applied(live *config.Live, account store.AccountView, p config.Profile) *integration.AppliedProfile {
	names := map[config.ProfileSource]string{config.ByAccount: account.ID, config.ByCustomer: account.ID, config.ByTenant: live.Name}
	if p.Source == config.ByAccountProfile {
		names[p.Source] = live.For(account.Account).AccountProfile.Name
	}
	return &integration.AppliedProfile{
		Name: p.Name, DisplayName: p.DisplayName, Source: string(p.Source), SourceName: names[p.Source], Unknown: p.Unknown,
	}
}
