// Package openapi checks what debrief asks of GitHub against GitHub's own
// OpenAPI document, played by Prism. GitLab's document is in no package that
// could be installed, and a real Gitea is asked elsewhere.
package openapi

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type object = map[string]any

// excerpt writes a document that has only some of the operations of another,
// each "METHOD path", and what these refer to: Prism takes minutes to read all
// of GitHub's.
func excerpt(file, to string, operations []string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var document object
	if err := json.Unmarshal(data, &document); err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	paths := object{}
	for _, operation := range operations {
		method, path, _ := strings.Cut(operation, " ")
		of, ok := at(document, "paths", path)
		if !ok || of[strings.ToLower(method)] == nil {
			return fmt.Errorf("GitHub's document has no %s", operation)
		}
		kept, _ := paths[path].(object)
		if kept == nil {
			kept = object{}
		}
		kept[strings.ToLower(method)] = of[strings.ToLower(method)]
		paths[path] = kept
	}
	components := object{}
	if err := follow(document, components, paths); err != nil {
		return err
	}
	data, err = json.Marshal(object{"openapi": document["openapi"], "info": document["info"], "paths": paths, "components": components})
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// follow copies the components that a part of the document refers to.
func follow(document, components object, part any) error {
	switch part := part.(type) {
	case []any:
		for _, element := range part {
			if err := follow(document, components, element); err != nil {
				return err
			}
		}
	case object:
		if ref, ok := part["$ref"].(string); ok {
			return copyComponent(document, components, ref)
		}
		for _, element := range part {
			if err := follow(document, components, element); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyComponent(document, components object, ref string) error {
	kind, name, ok := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
	all, found := at(document, "components", kind)
	if !ok || !found || all[name] == nil {
		return fmt.Errorf("GitHub's document refers to %s, which it does not have", ref)
	}
	kept, _ := components[kind].(object)
	if kept == nil {
		kept = object{}
		components[kind] = kept
	}
	if kept[name] != nil {
		return nil
	}
	kept[name] = all[name]
	return follow(document, components, all[name])
}

func at(o object, keys ...string) (object, bool) {
	for _, key := range keys {
		var ok bool
		if o, ok = o[key].(object); !ok {
			return nil, false
		}
	}
	return o, true
}
