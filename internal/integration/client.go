package integration

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
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

// Import sends NDJSON lines of a kind and calls onRefused for each line that the
// server refuses, while it still sends. When the import ended early, the error is a
// *[Problem] with the line to resume from, and the summary counts what was done. After
// an error a Read of lines may still be under way.
func (c *Client) Import(ctx context.Context, kind Kind, lines io.Reader, onRefused func(Refusal)) (Summary, error) {
	url := strings.TrimSuffix(c.BaseURL, "/") + "/api/v1/import/" + string(kind)
	body := cancellable(ctx, lines)
	defer body.Close() //nolint:errcheck // never fails
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		return Summary{}, fmt.Errorf("import %s: %w", kind, err)
	}
	request.Header.Set("Content-Type", MediaType)
	request.Header.Set("Authorization", "Bearer "+c.Token)
	response, err := c.client().Do(request)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err() // else it may be about the lines, which end with ctx too
		}
		return Summary{}, fmt.Errorf("import %s: %w", kind, err)
	}
	defer response.Body.Close() //nolint:errcheck // only read
	if response.StatusCode != http.StatusOK {
		return Summary{}, fmt.Errorf("import %s: %w", kind, readProblem(response))
	}
	result, err := readAnswer(response.Body, onRefused)
	if err != nil {
		return result.Summary, fmt.Errorf("import %s: %w", kind, err)
	}
	if result.Problem != nil {
		return result.Summary, fmt.Errorf("import %s: %w", kind, result.Problem)
	}
	return result.Summary, nil
}

// cancellable returns a reader of lines that ends with ctx or by Close, even while a
// Read of lines blocks, as that of a terminal does: net/http waits for its Read.
func cancellable(ctx context.Context, lines io.Reader) *io.PipeReader {
	reader, writer := io.Pipe()
	stop := context.AfterFunc(ctx, func() { _ = reader.CloseWithError(ctx.Err()) })
	go func() {
		defer stop()
		_, err := io.Copy(writer, lines)
		_ = writer.CloseWithError(err) // nil is the end of the lines
	}()
	return reader
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
		return fmt.Errorf("the server answered %s", response.Status)
	}
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
