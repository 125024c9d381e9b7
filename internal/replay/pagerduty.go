package replay

import (
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pagerduty is the answers of PagerDuty's REST API.
type pagerduty struct {
	incidents []object
	services  []object
	// answers of each incident's lists, by the list's name and the incident's id
	of map[string]map[string]object
}

var incidentLists = []string{"log_entries", "notes", "alerts", "related_change_events"}

func readPagerDuty(fsys fs.FS) (*pagerduty, error) {
	var incidents, services map[string]any
	p := &pagerduty{of: map[string]map[string]object{}}
	errs := []error{
		readJSON(fsys, "pagerduty-incidents.json", &incidents),
		readJSON(fsys, "pagerduty-services.json", &services),
	}
	p.incidents, p.services = objects(incidents["incidents"]), objects(services["services"])
	for _, name := range incidentLists {
		var answers map[string]object
		errs = append(errs, readJSON(fsys, "pagerduty-"+name+".json", &answers))
		p.of[name] = answers
	}
	return p, errors.Join(errs...)
}

func objects(list any) []object {
	found := []object{}
	items, _ := list.([]any)
	for _, item := range items {
		if o, ok := item.(object); ok {
			found = append(found, o)
		}
	}
	return found
}

func (p *pagerduty) serve(w http.ResponseWriter, r *http.Request, path string) {
	credentials := r.Header.Get("Authorization")
	if !strings.HasPrefix(credentials, "Token token=") && !strings.HasPrefix(credentials, "Bearer ") {
		pagerDutyError(w, http.StatusUnauthorized)
		return
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case r.Method != http.MethodGet:
		pagerDutyError(w, http.StatusMethodNotAllowed)
	case len(parts) == 1 && parts[0] == "incidents":
		p.listIncidents(w, r)
	case len(parts) == 1 && parts[0] == "services":
		writeList(w, r, "services", p.services)
	case len(parts) == 2 && parts[0] == "incidents":
		writeOne(w, "incident", p.incidents, parts[1])
	case len(parts) == 2 && parts[0] == "services":
		writeOne(w, "service", p.services, parts[1])
	case len(parts) == 3 && parts[0] == "incidents" && p.of[parts[2]] != nil:
		p.listOf(w, r, parts[1], parts[2])
	default:
		pagerDutyError(w, http.StatusNotFound)
	}
}

// listIncidents filters as the API does: by when incidents were created.
func (p *pagerduty) listIncidents(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	since, until, ok := incidentWindow(query.Get("since"), query.Get("until"))
	if !ok {
		pagerDutyError(w, http.StatusBadRequest)
		return
	}
	services, statuses := query["service_ids[]"], query["statuses[]"]
	found := []object{}
	for _, incident := range p.incidents {
		created, err := time.Parse(time.RFC3339, field(incident, "created_at"))
		outside := err != nil || !since.IsZero() && created.Before(since) || !until.IsZero() && !created.Before(until)
		if outside && query.Get("date_range") != "all" {
			continue
		}
		if len(services) > 0 && !slices.Contains(services, field(incident, "service.id")) ||
			len(statuses) > 0 && !slices.Contains(statuses, field(incident, "status")) {
			continue
		}
		found = append(found, incident)
	}
	if strings.HasSuffix(query.Get("sort_by"), ":desc") {
		slices.Reverse(found) // recordings list the oldest first
	}
	writeList(w, r, "incidents", found)
}

// incidentWindow parses the bounds; empty ones are open. The API refuses a
// span of more than six months.
func incidentWindow(since, until string) (from, to time.Time, ok bool) {
	const longest = 184 * 24 * time.Hour
	for _, bound := range []struct {
		text string
		into *time.Time
	}{{since, &from}, {until, &to}} {
		if bound.text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, bound.text)
		if err != nil {
			return from, to, false
		}
		*bound.into = t
	}
	return from, to, from.IsZero() || to.IsZero() || to.Sub(from) <= longest
}

func (p *pagerduty) listOf(w http.ResponseWriter, r *http.Request, id, name string) {
	answer, ok := p.of[name][id]
	if !ok {
		pagerDutyError(w, http.StatusNotFound)
		return
	}
	if _, paged := answer["more"]; !paged || answer["limit"] == nil {
		writeJSON(w, http.StatusOK, answer) // notes and change events come whole
		return
	}
	writeList(w, r, name, objects(answer[name]))
}

// writeList answers a page of a list, with the API's default of 25 items.
func writeList(w http.ResponseWriter, r *http.Request, name string, items []object) {
	const usual, most = 25, 100
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit <= 0 {
		limit = usual
	}
	limit = min(limit, most)
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset")) // none is 0
	from := max(0, min(offset, len(items)))
	to := min(from+limit, len(items))
	answer := object{name: items[from:to], "limit": limit, "offset": offset, "total": nil, "more": to < len(items)}
	if r.URL.Query().Get("total") == "true" {
		answer["total"] = len(items)
	}
	writeJSON(w, http.StatusOK, answer)
}

func writeOne(w http.ResponseWriter, name string, from []object, id string) {
	i := slices.IndexFunc(from, func(o object) bool { return field(o, "id") == id })
	if i < 0 {
		pagerDutyError(w, http.StatusNotFound)
		return
	}
	writeJSON(w, http.StatusOK, object{name: from[i]})
}

// pagerDutyError answers in the shape of the API's errors, with its own codes.
func pagerDutyError(w http.ResponseWriter, status int) {
	codes := map[int]object{
		http.StatusBadRequest:      {"code": 2001, "message": "Invalid Input Provided"},
		http.StatusUnauthorized:    {"code": 2006, "message": "You are unauthorized to perform this action."},
		http.StatusForbidden:       {"code": 2010, "message": "Access Denied"},
		http.StatusNotFound:        {"code": 2100, "message": "Not Found"},
		http.StatusTooManyRequests: {"code": 2020, "message": "Rate Limit Exceeded"},
	}
	body, ok := codes[status]
	if !ok {
		body = object{"code": 2000, "message": http.StatusText(status)}
	}
	writeJSON(w, status, object{"error": body})
}
