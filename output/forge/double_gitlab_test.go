package forge

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (d *double) gitlab(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	const mrs = "/projects/{project}/merge_requests"
	mux.HandleFunc("GET /projects/{project}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, object{"id": 4711, "path_with_namespace": r.PathValue("project"), "archived": d.archived})
	})
	mux.HandleFunc("GET "+mrs, func(w http.ResponseWriter, r *http.Request) {
		cs, next := d.page(r, "per_page", func(c *change) bool { return c.head == r.URL.Query().Get("source_branch") })
		if next > 0 {
			w.Header().Set("X-Next-Page", strconv.Itoa(next))
		}
		answer(w, 200, objects(cs, gitlabMerge))
	})
	mux.HandleFunc("POST "+mrs, func(w http.ResponseWriter, r *http.Request) {
		in := read(r)
		switch {
		case d.isOpen(text(in["source_branch"]), text(in["target_branch"])):
			answer(w, 409, object{"message": []string{"Another open merge request already exists for this source branch: !1"}})
		case text(in["target_branch"]) == "nowhere":
			answer(w, 400, object{"message": object{"target_branch": []string{"does not exist"}}})
		default:
			d.created++
			title, draft := strings.CutPrefix(text(in["title"]), "Draft: ")
			d.add(&change{title: title, body: text(in["description"]), head: text(in["source_branch"]), base: text(in["target_branch"]), draft: draft})
			answer(w, 201, gitlabMerge(d.changes[len(d.changes)-1]))
		}
	})
	mux.HandleFunc("PUT "+mrs+"/{iid}", func(w http.ResponseWriter, r *http.Request) {
		c := d.change(r.PathValue("iid"))
		if c == nil {
			gitlabNotFound(w, "404 Not found")
			return
		}
		in := read(r)
		if body, ok := in["description"].(string); ok {
			c.body = body
		}
		if labels, ok := in["add_labels"].(string); ok && !d.noLabels {
			c.labels = append(c.labels, strings.Split(labels, ",")...)
		}
		if ids, ok := in["reviewer_ids"].([]any); ok {
			c.users = nil
			for _, id := range ids {
				c.users = append(c.users, d.users[int(id.(float64))-100])
			}
		}
		answer(w, 200, d.gitlabWithReviewers(c))
	})
	mux.HandleFunc("GET /users", func(w http.ResponseWriter, r *http.Request) {
		users := []object{}
		if i := slices.Index(d.users, r.URL.Query().Get("username")); i >= 0 {
			users = append(users, object{"id": 100 + i, "username": d.users[i], "state": "active"})
		}
		answer(w, 200, users)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { gitlabNotFound(w, "404 Not Found") })

	path := afterAPI(r.URL.Path, "/api/v4")
	writes := r.Method != http.MethodGet
	switch {
	case r.Header.Get("Private-Token") != secret && strings.Contains(r.URL.Path, "/api/v4/"):
		answer(w, 401, object{"message": "401 Unauthorized"})
	case d.gone:
		gitlabNotFound(w, "404 Project Not Found")
	case writes && d.noScope:
		answer(w, 403, object{"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token.", "scope": "api"})
	case writes && (d.archived || d.readOnly):
		answer(w, 403, object{"message": "403 Forbidden"})
	default:
		// The project's path is one part, its slashes escaped.
		r = r.Clone(r.Context())
		r.URL.RawPath, r.URL.Path = afterAPI(r.URL.EscapedPath(), "/api/v4"), path
		mux.ServeHTTP(w, r)
	}
}

func gitlabNotFound(w http.ResponseWriter, message string) {
	answer(w, 404, object{"message": message})
}

func (d *double) gitlabWithReviewers(c *change) object {
	merge := gitlabMerge(c)
	merge["reviewers"] = objects(c.users, func(name string) object {
		return object{"id": 100 + slices.Index(d.users, name), "username": name}
	})
	return merge
}

func gitlabMerge(c *change) object {
	title := c.title
	if c.draft {
		title = "Draft: " + title
	}
	source := 4711
	if c.fork {
		source = 99
	}
	state := c.state
	if state == "open" {
		state = "opened"
	}
	labels := c.labels
	if labels == nil {
		labels = []string{}
	}
	return object{
		"id": 9000 + c.number, "iid": c.number, "project_id": 4711, "title": title, "description": c.body, "state": state,
		"source_branch": c.head, "target_branch": c.base, "source_project_id": source, "target_project_id": 4711,
		"draft": c.draft, "labels": labels, "web_url": "https://forge.test/acme/docs/-/merge_requests/" + itoa(c.number),
		"created_at": "2026-11-22T20:01:00.000Z", "author": object{"id": 7, "username": "project_4711_bot"},
	}
}
