package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestReplaceTakesThePlaceWholeAndLeavesNothingBeside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path+PartSuffix, []byte("of an attempt that was cut short"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if err := Replace(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := Read(path, 3); err != nil || string(b) != text {
			t.Errorf("%q, %v", b, err)
		}
	}
	if names, _ := os.ReadDir(filepath.Dir(path)); len(names) != 1 {
		t.Errorf("left beside: %v", names)
	}
	if err := Replace(filepath.Join(path, "none"), nil, 0o600); err == nil {
		t.Error("a file was replaced in what is no folder")
	}
}

func TestCreateRefusesWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := Create(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, []byte("two"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
}

func TestReadRefusesWhatIsLonger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("four"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path, 3); err == nil {
		t.Error("read past its limit")
	}
}
