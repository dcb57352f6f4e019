package config

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// maxUnpacked bounds what a packed document may grow to in the memory of whoever reads
// it: ten times what texts of the size of a ConfigMap usually unpack to.
const maxUnpacked = 32 << 20

// Pack compresses a document for its ConfigMap: the same bytes for the same document, as
// long as writers are of one release. Its digest stays that of the document. The only
// error is that of a document which [Unpack] would not take, being too large.
func Pack(document []byte) ([]byte, error) {
	if len(document) > maxUnpacked {
		return nil, fmt.Errorf("the document has %d bytes, at most %d can be packed", len(document), maxUnpacked)
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed) // the header has neither a time nor a name
	if _, err := writer.Write(document); err != nil {
		return nil, fmt.Errorf("pack document: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("pack document: %w", err)
	}
	return packed.Bytes(), nil
}

// Unpack returns the document that was packed. It takes nothing that is cut off, goes on
// after the document, or is larger than what Pack takes.
func Unpack(packed []byte) ([]byte, error) {
	source := bytes.NewReader(packed)
	reader, err := gzip.NewReader(source)
	if err != nil {
		return nil, fmt.Errorf("unpack document: %w", err)
	}
	reader.Multistream(false)
	document, err := io.ReadAll(io.LimitReader(reader, maxUnpacked+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("unpack document: %w", err)
	case len(document) > maxUnpacked:
		return nil, fmt.Errorf("unpack document: it is larger than %d bytes", maxUnpacked)
	case source.Len() > 0:
		return nil, errors.New("unpack document: something follows it")
	}
	return document, nil
}
