/** A large dialog with its pages listed on the left, for settings; a long page is scrolled by the keyboard, too. */
import type { JSX } from "solid-js";
import { For } from "solid-js";
import { Dialog } from "./Dialog";

export interface PagedDialogProps<P extends string> {
  title: string;
  pages: { id: P; label: string }[];
  page: P;
  onPage: (page: P) => void;
  onClose: () => void;
  /** Below the list of pages. */
  foot?: JSX.Element;
  children: JSX.Element;
  testid: string;
}

export function PagedDialog<P extends string>(props: PagedDialogProps<P>): JSX.Element {
  const current = () => props.pages.find((page) => page.id === props.page);
  return (
    <Dialog title={props.title} size="large" onClose={props.onClose} testid={props.testid}>
      <div class="paged">
        <nav aria-label={props.title}>
          <For each={props.pages}>
            {(page) => (
              <button
                type="button"
                aria-current={page.id === props.page ? "page" : undefined}
                onClick={() => props.onPage(page.id)}
                data-testid={`page-${page.id}`}
              >
                {page.label}
              </button>
            )}
          </For>
          {props.foot}
        </nav>
        <div class="paged-content" role="region" aria-label={current()?.label} tabIndex={0}>
          {props.children}
        </div>
      </div>
    </Dialog>
  );
}
