package known

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/estate"
)

// Folder holds what the company knows of itself, beside the manifest of the
// evidence that it comes with.
const Folder = control.EstateFolder

// Bounds of such a folder.
const (
	maxFiles     = 100
	maxFileBytes = 4<<20 + 1 // one more than the reader takes, which then says so
)

// Import is [control.Service.Import] that also takes in what the company knows
// of itself where that lies beside the manifest of an imported folder. Each file
// is in the summary; one that cannot be taken makes the import partial.
func (s *Service) Import(ctx context.Context, by string, req control.Import) (*control.Imported, error) {
	out, err := s.Service.Import(ctx, by, req)
	if err != nil || out == nil {
		return out, err
	}
	for _, root := range req.Paths {
		list, err := s.bring(ctx, by, root, req)
		out.Estate = append(out.Estate, list...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// bring imports the files of one folder, in the order of their names. Its error
// is that of the vault; what is wrong with a file is in the list.
func (s *Service) bring(ctx context.Context, by, root string, req control.Import) ([]control.ImportedEstate, error) {
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		return nil, nil // what cannot be read was said by the import
	}
	at, err := os.OpenRoot(root)
	if err != nil {
		return []control.ImportedEstate{{File: Folder, Error: err.Error()}}, nil
	}
	defer func() { _ = at.Close() }()
	entries, err := fs.ReadDir(at.FS(), Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return []control.ImportedEstate{{File: Folder, Error: err.Error()}}, nil
	}
	var out []control.ImportedEstate
	for i, entry := range entries {
		im := control.ImportedEstate{File: Folder + "/" + entry.Name()}
		switch {
		case i >= maxFiles:
			im.Error = fmt.Sprintf("more than %d files; import it by konseki estate import", maxFiles)
			return append(out, im), nil
		case req.NoEstate:
			im.Left = control.LeftAsAsked
		case !control.HasManifest(root):
			im.Left = control.LeftWithoutManifest
		default:
			if err := s.bringFile(ctx, by, at, req.Again, &im); err != nil {
				return append(out, im), err
			}
		}
		out = append(out, im)
	}
	return out, nil
}

// bringFile imports one file, unless it was the last of its kind before.
func (s *Service) bringFile(ctx context.Context, by string, at *os.Root, again bool, im *control.ImportedEstate) error {
	kind, ok := estate.KindOf(filepath.Base(im.File))
	if !ok {
		im.Error = "its name does not tell what it is; call it " + strings.Join(estate.FileNames(), ", ")
		return nil
	}
	content, err := readRegular(at, im.File)
	if err != nil {
		im.Error = err.Error()
		return nil
	}
	ed, err := estate.Read(kind, filepath.Base(im.File), content, s.Zone)
	if err != nil {
		im.Error = err.Error()
		return nil
	}
	im.Kind, im.SHA256, im.Rows = ed.Kind, ed.SHA256, ed.Rows()
	if n, known := s.holds(ed); known && !again {
		im.Duplicate, im.Version = true, n
		return nil
	}
	if ed, err = s.ImportEstate(ctx, by, kind, ed.File, content); err != nil {
		return err
	}
	im.Version, im.Record = ed.Version, ed.Record
	return nil
}

// readRegular reads a file that is one, as far as is taken.
func readRegular(at *os.Root, name string) ([]byte, error) {
	info, err := at.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	f, err := at.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxFileBytes))
}

// holds reports whether what an edition says is known already, and by which
// version: the newest of its kind, or any of the leases, which add up.
func (s *Service) holds(ed *estate.Edition) (version int, known bool) {
	newest := s.Estate().Version(ed.Kind)
	for _, old := range slices.Backward(s.Estate().Editions()) {
		if old.Kind == ed.Kind && old.SHA256 == ed.SHA256 && (old.Version == newest || ed.Kind == estate.KindLeases) {
			return old.Version, true
		}
	}
	return 0, false
}
