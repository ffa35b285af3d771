/** One resource: its name in the program, which is its identity in the stack, and its inputs. */
export interface NamedResource<Args> {
  readonly name: string;
  readonly args: Args;
  /** Import id of what exists and is taken over; absent: it is created. */
  readonly import?: string;
  /** It was there before the stack, and stays when the stack goes. */
  readonly retain?: true;
}
