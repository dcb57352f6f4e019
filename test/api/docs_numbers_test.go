package api

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestNumbersOfTheDocs: what pages say of bounds is what the code has. Who changes a
// constant finds here where people read of it.
func TestNumbersOfTheDocs(t *testing.T) {
	const (
		guide, limits, databases = "docs/integration-api.md", "docs/integration-limits.md", "docs/databases.md"
		sizing, install          = "docs/sizing.md", "docs/install.md"
		api, upkeep              = "internal/integration/backoffice/", "internal/store/admin/upkeep.go"
		resources                = "controllers/provision/resources.go"
	)
	tests := []struct{ source, code, page, text string }{
		{upkeep, "changesKept = 30 * 24 * time.Hour", guide, "Changes are kept for 30 days"},
		{upkeep, "changesKept = 30 * 24 * time.Hour", databases, "| the change feed | 30 days."},
		{upkeep, "idempotencyKept = 24 * time.Hour", guide, "remembered for 24 hours"},
		{upkeep, "idempotencyKept = 24 * time.Hour", databases, "| answers to requests with an `Idempotency-Key` | 24 hours |"},
		{upkeep, "partitionsBack = 12", databases, "made from 12 months back"},
		{upkeep, "partitionsAhead = 3", databases, "to 3 months ahead"},
		{upkeep, "maxMoved = 200_000", databases, "up to 200,000 of a month"},
		{"controllers/upkeep.go", "toldFailures = 3", databases, "fails three times in a row"},
		{api + "auth.go", "tokenBelieved = 5 * time.Second", guide, "withdraws it within five seconds"},
		{api + "limits.go", "Limits{PerSecond: 100, Burst: 200}", limits, "100 per second, 200 at once"},
		{api + "limits.go", "freeFailures = 20", limits, "20 at once, then one every 10 seconds"},
		{api + "limits.go", "failureEvery = 10 * time.Second", limits, "20 at once, then one every 10 seconds"},
		{api + "requestbody.go", "maxJSONBytes = 1 << 20", limits, "1 MiB, within 10 seconds"},
		{api + "requestbody.go", "bodyTimeout = 10 * time.Second", limits, "1 MiB, within 10 seconds"},
		{api + "invoice_document.go", "maxDocumentBytes = 10 << 20", limits, "a PDF 10 MiB"},
		{api + "body.go", "maxBodyBytes = 1 << 30", limits, "1 GiB unpacked"},
		{api + "body.go", "maxDuration = time.Hour", limits, "one hour"},
		{api + "body.go", "idleTimeout = time.Minute", limits, "a minute without a byte"},
		{api + "limits.go", "maxImports = 4", limits, "4 at once in each replica"},
		{"internal/store/invoice_write.go", "maxPageLines = 20_000", limits, "20,000 lines together"},
		{"internal/integration/credentials.go", `maxItems:"5000"`, limits, "in one request | 5,000 |"},
		{"internal/integration/credentials.go", `maxItems:"5000"`, guide, "up to 5,000 at once"},
		{api + "intake.go", "maxObjectID = 64", limits, "Ids of objects in `data` have 64 characters"},
		{api + "intake.go", "maxObjectID = 64", guide, "as `invoice.id`, have at most 64 characters"},
		{api + "intake.go", "oldestEvent = 30 * 24 * time.Hour", limits, "Of more than 30 days ago they are `TooOld`"},
		{api + "outlook.go", "maxUpcoming = 5_000", limits, "it has 5,000 notifications"},
		{api + "outlook.go", "upcomingTime = 20 * time.Second", limits, "or after 20 seconds"},
		{resources, `defaultCPURequest = resource.MustParse("20m")`, sizing, "2 pods of 20m and 48Mi requested, limit 256Mi"},
		{resources, `defaultMemoryRequest = resource.MustParse("48Mi")`, sizing, "2 pods of 20m and 48Mi requested, limit 256Mi"},
		{resources, `defaultMemoryLimit = resource.MustParse("256Mi")`, sizing, "2 pods of 20m and 48Mi requested, limit 256Mi"},
		{"config/manager/deployment.yaml", "limits: memory: 1Gi", sizing, "50m and 128Mi requested, limit 1Gi"},
		{"config/manager/deployment.yaml", "value: 900MiB", sizing, "900MiB of 1Gi"},
		{"internal/store/admin/grants.go", "return (int(replicas) + 1) * store.ConnectionsPerPod * 2", sizing, "(replicas + 1) × 5 × 2"},
		{"internal/store/admin/server.go", "maxConns = 16", sizing, "17 for each server"},
		{"internal/identity/queue.go", "fit := memoryBytes / 2 /", sizing, "as far as they fit into half of its memory"},
		{"cmd/manager/manager.go", "leaseDuration = 15 * time.Second", install, "15 to 20 seconds: the lease runs out"},
		{"cmd/manager/manager.go", "retryPeriod = time.Second", sizing, "the lease once a second"},
		{"internal/integration/lines.go", "MaxLineBytes = 64 << 10", limits, "64 KiB a line"},
	}
	for _, test := range tests {
		if !strings.Contains(words(t, test.source), test.code) {
			t.Errorf("%s has no %q any more: mend %s (%q) and this test", test.source, test.code, test.page, test.text)
		}
		if !strings.Contains(words(t, test.page), test.text) {
			t.Errorf("%s does not say %q, and %s has %q", test.page, test.text, test.source, test.code)
		}
	}
}

// words is a file with one space for all white space.
func words(t *testing.T, path string) string {
	t.Helper()
	return strings.Join(strings.Fields(content(t, filepath.Join(root(t), path))), " ")
}
