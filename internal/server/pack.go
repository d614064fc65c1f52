package server

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/detect"
	"github.com/konseki/konseki/internal/detect/place"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/sigma"
	"github.com/konseki/konseki/rules"
)

// LoadRules loads konseki's own rules, those in a data folder and those of the
// configured folders. A rule that cannot be honoured is a Problem.
func LoadRules(dir string, c config.Config) (*sigma.Collection, error) {
	trees := []sigma.Tree{{Name: "konseki", FS: rules.FS(), Root: "."}}
	dirs := c.Rules
	if local := filepath.Join(dir, rulesFolder); isDir(local) {
		dirs = append([]string{local}, dirs...)
	}
	for _, dir := range dirs {
		if !isDir(dir) {
			return nil, fmt.Errorf("server: rules: %s is not a folder: %w", dir, fs.ErrNotExist)
		}
		trees = append(trees, sigma.Tree{Name: dir, FS: os.DirFS(dir), Root: "."})
	}
	return sigma.Load(sigma.Options{Placeholders: c.Placeholders}, trees...), nil
}

// loadPack compiles what a data folder's detection goes by.
func loadPack(dir string, c config.Config) (*detect.Pack, []sigma.Problem, error) {
	all, err := LoadRules(dir, c)
	if err != nil {
		return nil, nil, err
	}
	p, err := NewPack(all, c)
	return p, all.Problems, err
}

// NewPack compiles rules under what a configuration says of detection. It keeps
// no file open.
func NewPack(rules *sigma.Collection, c config.Config) (*detect.Pack, error) {
	s := detect.Settings{Baselines: c.Detect.Baselines}
	if c.Detect.Geo != "" {
		var err error
		if s.Places, err = place.Open(c.Detect.Geo); err != nil {
			return nil, fmt.Errorf("server: konseki.yaml: detect: geo: %w", err)
		}
	}
	p, err := detect.NewPack(rules, s)
	if err != nil {
		return nil, fmt.Errorf("server: konseki.yaml: %w", err)
	}
	return p, nil
}

// indexVersion names what derived files depend on.
func indexVersion(p *detect.Pack) string { return normalise.Version() + "." + p.NotesVersion() }

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}
