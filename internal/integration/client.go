package integration

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// MediaType is the content type of an import and of its answer.
const MediaType = "application/x-ndjson"

// ProblemMediaType is the content type of an error.
const ProblemMediaType = "application/problem+json"

// maxProblemBytes bounds what is read of an error.
const maxProblemBytes = 64 << 10

// Client calls the integration API of one tenant.
type Client struct {
	BaseURL string       // as "https://api.acme.example"
	Token   string       // a bearer token of the tenant
	HTTP    *http.Client // nil means http.DefaultClient
}

// Mode says what becomes of the good lines of an import that has bad ones.
type Mode string

// The modes of an import.
const (
	ModeLines Mode = "lines" // each line is handled as if it came alone
	ModeWhole Mode = "whole" // one refusal, and nothing is applied
)

// Notify says whether an import tells the tenant's customers of what it changes.
type Notify string

// Whom an import notifies.
const (
	NotifyNone Notify = "none"
	NotifyAll  Notify = "all"
)

// ImportOptions say what is imported and how. Without Mode and Notify the server
// decides: lines, and nobody is notified.
type ImportOptions struct {
	Kind   Kind
	Mode   Mode
	Notify Notify
	// Compress sends gzip: fewer bytes, but lines that come slowly leave late.
	Compress bool
}

// path is the address of the import below the server's.
func (o ImportOptions) path() string {
	query := url.Values{}
	if o.Mode != "" {
		query.Set("mode", string(o.Mode))
	}
	if o.Notify != "" {
		query.Set("notify", string(o.Notify))
	}
	path := "/api/v1/import/" + string(o.Kind)
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// Import sends NDJSON lines of a kind as [Client.ImportWith] does, by the server's own
// mode and without notifying anybody.
func (c *Client) Import(ctx context.Context, kind Kind, lines io.Reader, onRefused func(Refusal)) (Summary, error) {
	return c.ImportWith(ctx, ImportOptions{Kind: kind}, lines, onRefused)
}

// ImportWith sends NDJSON lines and calls onRefused for each line that the
// server refuses, while it still sends. When the import ended early, the error is a
// *[Problem] with the line to resume from, and the summary counts what was done. After
// an error a Read of lines may still be under way.
func (c *Client) ImportWith(ctx context.Context, options ImportOptions, lines io.Reader, onRefused func(Refusal)) (Summary, error) {
	summary, err := c.send(ctx, options, lines, onRefused)
	if err != nil {
		return summary, fmt.Errorf("import %s: %w", options.Kind, err)
	}
	return summary, nil
}

func (c *Client) send(ctx context.Context, options ImportOptions, lines io.Reader, onRefused func(Refusal)) (Summary, error) {
	write := copyLines
	if options.Compress {
		write = compress
	}
	body := piped(ctx, lines, write)
	defer body.Close() //nolint:errcheck // never fails
	request, err := c.request(ctx, http.MethodPost, options.path(), body)
	if err != nil {
		return Summary{}, err
	}
	request.Header.Set("Content-Type", MediaType)
	if options.Compress {
		request.Header.Set("Content-Encoding", "gzip")
	}
	response, err := c.do(request)
	if err != nil {
		return Summary{}, err
	}
	defer response.Body.Close() //nolint:errcheck // only read
	result, err := readAnswer(response.Body, onRefused)
	if err != nil {
		return result.Summary, err
	}
	if result.Problem != nil {
		return result.Summary, result.Problem
	}
	return result.Summary, nil
}

// AccountSettings asks for everything that applies to an account, and why. Of an account
// that does not exist the error is a *[Problem] with status 404.
func (c *Client) AccountSettings(ctx context.Context, id string) (AccountSettings, error) {
	return exchange[AccountSettings](ctx, c, "ask for the settings of account "+id, http.MethodGet, "/api/v1/accounts/"+url.PathEscape(id)+"/settings", nil)
}

func (c *Client) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.BaseURL, "/")+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	return request, nil
}

// do returns an answer of status 200; every other one is an error.
func (c *Client) do(request *http.Request) (*http.Response, error) {
	response, err := c.client().Do(request)
	if err != nil {
		if ended := request.Context().Err(); ended != nil {
			return nil, ended // else it may be about the lines, which end with the context too
		}
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close() //nolint:errcheck // only read
		return nil, readProblem(response)
	}
	return response, nil
}

// Away says whether an error of a client may pass by itself: the server is busy or is
// being replaced, or the connection broke. Sending again is safe.
func Away(err error) bool {
	var problem *Problem
	if errors.As(err, &problem) {
		switch problem.Status {
		case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
			http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	var lasting interface{ Lasting() bool } // an error of Client.HTTP that knows by itself
	if errors.As(err, &lasting) {
		return !lasting.Lasting()
	}
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var name *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		return false
	case errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &name) && name.IsNotFound:
		return false
	}
	var transport *url.Error
	return errors.Is(err, errBrokeOff) || errors.As(err, &transport)
}

// piped returns a reader of lines as write writes them, that ends with ctx or by Close,
// even while a Read of lines blocks, as that of a terminal does: net/http waits for its Read.
func piped(ctx context.Context, lines io.Reader, write func(io.Writer, io.Reader) error) *io.PipeReader {
	reader, writer := io.Pipe()
	stop := context.AfterFunc(ctx, func() { _ = reader.CloseWithError(ctx.Err()) })
	go func() {
		defer stop()
		_ = writer.CloseWithError(write(writer, lines)) // nil is the end of the lines
	}()
	return reader
}

func copyLines(to io.Writer, lines io.Reader) error {
	_, err := io.Copy(to, lines)
	return err
}

func compress(to io.Writer, lines io.Reader) error {
	zip, err := gzip.NewWriterLevel(to, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := io.Copy(zip, lines); err != nil {
		return err
	}
	return zip.Close()
}

func (c *Client) client() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return http.DefaultClient
}

// readProblem makes an error of an answer that is not 200, whoever wrote it: a proxy
// answers otherwise than the API.
func readProblem(response *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxProblemBytes))
	if err != nil {
		return fmt.Errorf("the server answered %s, and the answer broke off: %w", response.Status, err)
	}
	problem := &Problem{}
	if err := json.Unmarshal(body, problem); err != nil || problem.Title == "" {
		return &Problem{Title: "the server answered " + response.Status, Status: response.StatusCode}
	}
	problem.Status = response.StatusCode
	return problem
}

var errBrokeOff = errors.New("the answer broke off before its summary; send the lines again, what was applied stays")

func readAnswer(body io.Reader, onRefused func(Refusal)) (Result, error) {
	scanner := bufio.NewScanner(body)
	scanner.Buffer(nil, 2*MaxLineBytes)
	for scanner.Scan() {
		line := scanner.Bytes()
		if bytes.HasPrefix(line, []byte(`{"summary"`)) {
			var result Result
			if err := json.Unmarshal(line, &result); err != nil {
				return Result{}, fmt.Errorf("read the summary: %w", err)
			}
			return result, nil
		}
		var refusal Refusal
		if err := json.Unmarshal(line, &refusal); err != nil {
			return Result{}, fmt.Errorf("read a refusal: %w", err)
		}
		if onRefused != nil {
			onRefused(refusal)
		}
	}
	if err := scanner.Err(); err != nil {
		return Result{}, fmt.Errorf("%w (%w)", errBrokeOff, err)
	}
	return Result{}, errBrokeOff
}
