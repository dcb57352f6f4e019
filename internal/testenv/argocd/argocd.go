// Package argocd lets tests ask for the health of an object as Argo CD does: by a script in
// Lua, with the few libraries that Argo CD gives it, and within a second.
//
//	check, err := argocd.Read() // config/argocd/health.lua
//	health, err := check.Health(tenant)
package argocd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// What a check may say of an object.
const (
	Healthy     = "Healthy"
	Progressing = "Progressing"
	Degraded    = "Degraded"
	Suspended   = "Suspended"
)

// timeout is Argo CD's own.
const timeout = time.Second

// Health is what a check says.
type Health struct {
	Status, Message string
}

// Check is a script.
type Check struct{ script string }

// New is a check by a script.
func New(script string) Check { return Check{script} }

// Read is the check that this repository ships.
func Read() (Check, error) {
	root, err := kube.RepositoryRoot()
	if err != nil {
		return Check{}, err
	}
	script, err := os.ReadFile(filepath.Join(root, "config", "argocd", "health.lua")) //nolint:gosec // our own file
	return New(string(script)), err
}

// Health runs the check on an object.
func (c Check) Health(object any) (Health, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return Health{}, fmt.Errorf("read the object as the API server writes it: %w", err)
	}
	return c.OfContent(content)
}

// OfContent runs the check on the content of an object.
func (c Check) OfContent(content map[string]any) (Health, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	state.SetContext(ctx)
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		if err := state.PCall(1, 0, nil); err != nil {
			return Health{}, err
		}
	}
	state.SetGlobal("obj", value(state, content))
	if err := state.DoString(c.script); err != nil {
		return Health{}, err
	}
	said, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return Health{}, errors.New("the check returns no table")
	}
	status, message := said.RawGetString("status"), said.RawGetString("message")
	if status.Type() != lua.LTString || message.Type() != lua.LTString {
		return Health{}, fmt.Errorf("status and message are %v and %v, and must be texts", status, message)
	}
	health := Health{Status: status.String(), Message: message.String()}
	if !slices.Contains([]string{Healthy, Progressing, Degraded, Suspended}, health.Status) {
		return Health{}, fmt.Errorf("%q is no health", health.Status)
	}
	return health, nil
}

// value is a value of JSON in Lua.
func value(state *lua.LState, of any) lua.LValue {
	switch v := of.(type) {
	case string:
		return lua.LString(v)
	case bool:
		return lua.LBool(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case []any:
		list := state.CreateTable(len(v), 0)
		for _, item := range v {
			list.Append(value(state, item))
		}
		return list
	case map[string]any:
		table := state.CreateTable(0, len(v))
		for name, item := range v {
			table.RawSetString(name, value(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}
