package gitea

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// call asks the API as a user. It sends in as JSON and reads the answer into
// out, unless they are nil. Any answer but 2xx is an error.
func (g *Gitea) call(ctx context.Context, user, method, path string, in, out any) error {
	if err := g.try(ctx, user, method, path, in, out); err != nil {
		return fmt.Errorf("%s %s as %s: %w", method, path, user, err)
	}
	return nil
}

func (g *Gitea) try(ctx context.Context, user, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, g.URL+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	req.SetBasicAuth(user, password)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s", resp.Status, data)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}
