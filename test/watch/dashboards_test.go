package watch

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

type dashboard struct {
	UID        string `json:"uid"`
	Title      string `json:"title"`
	Templating struct {
		List []struct {
			Name  string `json:"name"`
			Type  string `json:"type"`
			Query any    `json:"query"`
		} `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID         int        `json:"id"`
	Title      string     `json:"title"`
	Datasource datasource `json:"datasource"`
	Place      struct {
		W int `json:"w"`
		X int `json:"x"`
	} `json:"gridPos"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	Targets []struct {
		Expr       string     `json:"expr"`
		Datasource datasource `json:"datasource"`
	} `json:"targets"`
}

type datasource struct {
	UID string `json:"uid"`
}

const chosen = "${datasource}" // by whoever looks

// A dashboard shows what there is, with a title and a unit, from the data source that its
// reader chooses.
func TestDashboards(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root(t), "config", "prometheus", "dashboards", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("dashboards: %v, %v", files, err)
	}
	kustomization := read(t, "config", "prometheus", "kustomization.yaml")
	all := allMetrics(t)
	for _, path := range files {
		name := filepath.Base(path)
		if !strings.Contains(kustomization, "dashboards/"+name) {
			t.Errorf("%s is not in the ConfigMap of the kustomization", name)
		}
		var d dashboard
		if err := json.Unmarshal([]byte(read(t, "config", "prometheus", "dashboards", name)), &d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d.UID == "" || d.Title == "" || len(d.Panels) == 0 || len(d.Templating.List) == 0 || d.Templating.List[0].Type != "datasource" {
			t.Errorf("%s lacks uid, title, panels or the variable of the data source", name)
		}
		for _, variable := range d.Templating.List[1:] {
			query := fmt.Sprint(variable.Query)
			query = query[strings.Index(query, "label_values(")+len("label_values("):]
			exist(t, name+" "+variable.Name, query[:strings.LastIndex(query, ",")], all)
		}
		checkPanels(t, name, d.Panels, all)
	}
}

func checkPanels(t *testing.T, name string, panels []panel, all map[string]*metric) {
	t.Helper()
	ids := map[int]bool{}
	for _, p := range panels {
		where := fmt.Sprintf("%s, panel %q", name, p.Title)
		if p.Title == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("%s lacks a title, a unit or a query", where)
		}
		if ids[p.ID] || p.Place.X+p.Place.W > 24 {
			t.Errorf("%s: its id is taken, or it is beyond the edge", where)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			if p.Datasource.UID != chosen || target.Datasource.UID != chosen {
				t.Errorf("%s does not ask the chosen data source", where)
			}
			exist(t, where, target.Expr, all)
		}
	}
}

// Prometheus can read what the dashboards ask for.
func TestDashboardsAreValidPromQL(t *testing.T) {
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboards\n  rules:\n")
	count := 0
	for _, name := range []string{"foyer-operator.json", "foyer-tenant.json"} {
		var d dashboard
		if err := json.Unmarshal([]byte(read(t, "config", "prometheus", "dashboards", name)), &d); err != nil {
			t.Fatal(err)
		}
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				count++
				fmt.Fprintf(&rules, "  - record: dashboard:panel:%d\n    expr: %q\n", count, target.Expr)
			}
		}
	}
	promtool(t, "check", "rules", filepath.Join(file(t, "rules.yaml", []byte(rules.String())), "rules.yaml"))
}
